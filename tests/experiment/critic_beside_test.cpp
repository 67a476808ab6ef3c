// A critic that learns beside the policy and scores its attempts.
#include "experiment/text/critic_beside.hpp"

#include <limits>
#include <set>

#include "data/attempt.hpp"
#include "persistence/store.hpp"
#include "tests/support/taught_run.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace experiment;
namespace {

using testing::plan_of;
using testing::taught_run;

// Keeps the newest save and all attempts, and interrupts when it has been asked so often.
struct Outside {
  std::int64_t patience = std::numeric_limits<std::int64_t>::max();
  SavedParts saved;
  std::map<std::uint64_t, AttemptGroup> kept;

  RunHost host(const Experiment& experiment) {
    auto host = local_host(experiment);
    host.stop = Stop([this] { return --patience < 0; });
    host.keep = [this](const std::string& packed) {
      const auto groups = persistence::unpack(packed).value();
      for (const auto& group : groups) kept.emplace(group.group, group);
      return Status{};
    };
    host.stored = [this](std::uint64_t group) -> Result<AttemptGroup> {
      if (const auto it = kept.find(group); it != kept.end()) return it->second;
      return fail(Errc::kMissingFile, "no such group");
    };
    host.show = [this](const StageProgress&) -> Status {
      if (--patience >= 0) return {};
      return fail(Errc::kInterrupted, "stopped");
    };
    host.load = [this](std::string_view) { return saved; };
    // Saves of the end of a round, which the host may skip, are taken as well.
    host.save = [this](std::string_view, const auto& parts, bool) {
      saved = parts();
      return Status{};
    };
    return host;
  }
};

ReinforceConfig with_critic() {
  auto config = testing::small_reinforce(0);
  config.rounds = 4;
  config.curve_every = 2;
  config.critic_updates = 3;
  config.critic.groups_per_update = 4;
  return config;
}

Result<Reinforced> trained(const Experiment& experiment, const ReinforceConfig& config,
                           Outside& outside, const char* algorithm = "expert_iteration") {
  auto run = taught_run(experiment, outside.host(experiment));
  return reinforce(run, plan_of(algorithm, config));
}

TEST_CASE("a run with a critic counts what it stores and measures what it promises") {
  const auto experiment = testing::small_base();
  const auto config = with_critic();
  Outside outside;
  const auto made = trained(experiment, config, outside).value();
  CHECK(made.rounds == 4);
  CHECK(made.critic_updates == 4 * config.critic_updates);
  CHECK(outside.kept.size() == static_cast<std::size_t>(4 * config.problems));
  std::int64_t attempts = 0, wins = 0, tokens = 0;
  std::set<std::uint64_t> critics;
  for (const auto& [id, group] : outside.kept) {
    for (const auto& attempt : group.attempts) {
      ++attempts;
      wins += attempt.win() ? 1 : 0;
      tokens += static_cast<std::int64_t>(tokens_of(attempt));
      REQUIRE(attempt.critic_version.has_value());
      critics.insert(*attempt.critic_version);
      for (const auto& step : attempt.steps)
        if (step.tokens.size() > 1) CHECK(step.q.has_value());
    }
  }
  CHECK(attempts == made.attempts.n);
  CHECK(wins == made.attempts.wins);
  CHECK(wins > 0);
  CHECK(tokens == made.tokens);
  // The untrained critic scores the first round, the later ones those behind it.
  CHECK(critics == std::set<std::uint64_t>{0, 3, 6});
  CHECK(made.curve.size() == 2);  // after rounds 2 and 4
  CHECK(made.curve[0].at("attempts") == 2 * config.problems * config.samples);
  CHECK(made.critic_figures.contains("step_auc"));
  CHECK(made.critic_figures.at("steps") > 0);
  REQUIRE(made.critic);
  CHECK(made.critic->metadata.at("role") == "critic");
}

TEST_CASE("an interrupted run with a critic ends with the same bytes") {
  const auto experiment = testing::small_base();
  auto config = with_critic();
  const std::string algorithm = GENERATE("expert_iteration", "search_guided");
  config.staleness = GENERATE(0, 1);
  INFO(algorithm << ", staleness " << config.staleness);
  Outside whole;
  const auto straight = trained(experiment, config, whole, algorithm.c_str()).value();
  Outside broken;
  for (int stops = 0;; ++stops) {
    REQUIRE(stops < 200);
    broken.patience = 1 + stops;
    const auto made = trained(experiment, config, broken, algorithm.c_str());
    if (!made) {
      REQUIRE(made.error().code == Errc::kInterrupted);
      continue;
    }
    CHECK(stops > 3);
    CHECK(made->policy.tensors == straight.policy.tensors);
    CHECK(made->critic->tensors == straight.critic->tensors);
    CHECK(made->attempts.n == straight.attempts.n);
    CHECK(made->curve == straight.curve);
    CHECK(made->critic_figures == straight.critic_figures);
    CHECK(broken.kept == whole.kept);
    break;
  }
}

TEST_CASE("a finished run continues when it gets more rounds, and not with fewer") {
  const auto experiment = testing::small_base();
  auto config = with_critic();
  Outside outside;
  REQUIRE(trained(experiment, config, outside).has_value());
  config.rounds = 6;
  auto more = outside;
  CHECK(trained(experiment, config, more).value().rounds == 6);
  config.rounds = 3;
  auto fewer = outside;
  const auto refused = trained(experiment, config, fewer);
  REQUIRE(refused.error().code == Errc::kConfig);
  CHECK_THAT(refused.error().message, Catch::Matchers::Contains("rounds = 3") &&
                                          Catch::Matchers::Contains("trained 4 rounds"));
}

TEST_CASE("a saved state whose attempts are gone is refused") {
  const auto experiment = testing::small_base();
  auto config = with_critic();
  Outside outside;
  REQUIRE(trained(experiment, config, outside).has_value());
  config.rounds = 5;
  auto lost = outside;
  lost.kept.erase(std::prev(lost.kept.end()));
  const auto refused = trained(experiment, config, lost);
  REQUIRE(refused.error().code == Errc::kCorrupt);
  CHECK_THAT(refused.error().message, Catch::Matchers::Contains("the store has lost attempts"));
  // Eviction of old ones is no loss.
  auto evicted = outside;
  evicted.kept.erase(evicted.kept.begin());
  CHECK(trained(experiment, config, evicted).value().rounds == 5);
  for (const std::string part : {"critic", "critic_table", "critic_counters", "critic_scored"}) {
    INFO(part);
    auto damaged = outside;
    damaged.saved.erase(part);
    CHECK(trained(experiment, config, damaged).error().code == Errc::kCorrupt);
  }
}

TEST_CASE("without a critic nothing is scored") {
  const auto experiment = testing::small_base();
  auto config = with_critic();
  config.critic_updates = 0;
  Outside outside;
  const auto made = trained(experiment, config, outside).value();
  CHECK_FALSE(made.critic);
  CHECK(made.critic_figures.empty());
  for (const auto& [id, group] : outside.kept)
    for (const auto& attempt : group.attempts)
      for (const auto& step : attempt.steps) CHECK_FALSE(step.q.has_value());
}

TEST_CASE("a run's own critic guides its searches") {
  const auto experiment = testing::small_base();
  auto config = with_critic();
  config.rounds = 2;
  std::map<std::string, std::uint64_t> numbers;
  std::map<std::uint64_t, std::string> labels;
  Outside outside;
  auto host = outside.host(experiment);
  host.model_number = [&](const ModelHash& model, std::string_view, std::string_view label,
                          std::uint64_t) -> Result<std::uint64_t> {
    const auto number = numbers.emplace(model, numbers.size() + 1).first->second;
    labels[number] = label;
    return number;
  };
  auto run = taught_run(experiment, std::move(host));
  REQUIRE(reinforce(run, plan_of("search_guided", config)).has_value());
  std::set<std::string> judges;
  for (const auto& [id, group] : outside.kept)
    for (const auto& attempt : group.attempts) judges.insert(labels[attempt.critic_model]);
  CHECK(judges == std::set<std::string>{"test.search_guided.critic"});
}

}  // namespace
}  // namespace qstar

// A text experiment over an engine in this thread: the same however often it is interrupted.
#include "experiment/text/text_run.hpp"

#include <limits>

#include "environment/registry.hpp"
#include "learning/policy/policy_learner.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::experiment;

namespace {

ExperimentConfig tiny() {
  REQUIRE(learning::prepare_torch());
  ExperimentConfig config;
  const std::vector<std::string> shorter = {"model.layers=1",
                                            "model.width=16",
                                            "pretrain.steps=50",
                                            "pretrain.rows=8",
                                            "rl.versions=3",
                                            "rl.updates_per_version=2",
                                            "rl.groups_per_update=8",
                                            "rollout.actors=1",
                                            "rollout.max_tokens=32",
                                            "evaluation.problems=10",
                                            "evaluation.curve_problems=10",
                                            "environment.family=custom",
                                            "environment.operators=+",
                                            "environment.max_operand=5",
                                            "environment.operator_counts=[1,2]",
                                            "environment.max_products=0"};
  REQUIRE(load_config(QSTAR_SOURCE_DIR "/configs/smoke.toml", shorter, describe_of(config)));
  return config;
}

// Keeps the newest save and all attempts, and interrupts when it has been asked so often.
struct Outside {
  std::int64_t patience = std::numeric_limits<std::int64_t>::max();
  SavedParts saved;
  std::map<std::uint64_t, AttemptGroup> kept;
  std::vector<StageProgress> shown;

  StageHost host(const std::shared_ptr<const environment::Environment>& environment) {
    StageHost host = local_stage_host(environment, 16);
    host.stop = Stop([this] { return --patience < 0; });
    host.keep = [this](std::span<const AttemptGroup> groups) {
      for (const auto& group : groups) kept.emplace(group.group, group);
      return Status{};
    };
    host.stored = [this](std::uint64_t group) -> Result<AttemptGroup> {
      if (const auto it = kept.find(group); it != kept.end()) return it->second;
      return fail(Errc::kMissingFile, "no such group");
    };
    host.show = [this](const StageProgress& progress) -> Status {
      shown.push_back(progress);
      return {};
    };
    host.load = [this](std::string_view) { return saved; };
    host.save = [this](std::string_view, const auto& parts, bool at_once) {
      if (at_once) saved = parts();
      return Status{};
    };
    return host;
  }
};

std::shared_ptr<const environment::Environment> environment_of(const ExperimentConfig& config) {
  return environment::make_environment(config.environment).value();
}

}  // namespace

TEST_CASE("a text experiment counts what it stores and measures what it promises", "[text_run]") {
  const auto config = tiny();
  Outside outside;
  const auto environment = environment_of(config);
  const auto made = run_text(config, environment, outside.host(environment));
  REQUIRE(made.has_value());
  const auto& state = made->state;
  CHECK(state.finished);
  CHECK(state.version == 4);
  CHECK(state.pretrain_steps == 50);
  CHECK(state.policy_updates == 6);
  CHECK(state.critic_updates == 3 * config.critic.updates_per_version);
  CHECK(state.leases == 3 * leases_per_version(config));
  CHECK(outside.kept.size() ==
        state.leases * static_cast<std::size_t>(config.rollout.lease_groups));
  std::uint64_t attempts = 0;
  for (const auto& [id, group] : outside.kept) {
    attempts += group.attempts.size();
    for (const auto& attempt : group.attempts) CHECK(attempt.critic_version.has_value());
  }
  CHECK(attempts == state.attempts);
  CHECK(state.base.contains("greedy"));
  CHECK(state.base.contains("sampled"));
  CHECK(state.final_.contains("sampled"));
  CHECK(state.curve.size() == 2);  // the base, and after version 2
  CHECK(state.critic_figures.contains("step_auc"));
}

TEST_CASE("an interrupted text experiment ends with the same bytes", "[text_run]") {
  auto config = tiny();
  config.rollout.versions_ahead = GENERATE(0, 1);
  const auto environment = environment_of(config);
  Outside whole;
  const auto straight = run_text(config, environment, whole.host(environment));
  REQUIRE(straight.has_value());
  Outside broken;
  for (int stops = 0;; ++stops) {
    REQUIRE(stops < 200);
    broken.patience = 3 + stops % 7;
    const auto made = run_text(config, environment, broken.host(environment));
    if (!made) {
      REQUIRE(made.error().code == Errc::kInterrupted);
      continue;
    }
    CHECK(stops > 5);
    CHECK(made->policy == straight->policy);
    CHECK(made->critic == straight->critic);
    CHECK(made->state.attempts == straight->state.attempts);
    CHECK(made->state.final_["greedy"]["accuracy"] == straight->state.final_["greedy"]["accuracy"]);
    CHECK(broken.kept == whole.kept);
    break;
  }
}

TEST_CASE("a saved state whose attempts are gone is refused", "[text_run]") {
  const auto config = tiny();
  const auto environment = environment_of(config);
  Outside outside;
  REQUIRE(run_text(config, environment, outside.host(environment)).has_value());
  auto longer = config;
  longer.rl.versions = 4;
  auto lost = outside;
  lost.kept.erase(std::prev(lost.kept.end()));
  const auto refused = run_text(longer, environment, lost.host(environment));
  REQUIRE(refused.error().code == Errc::kCorrupt);
  CHECK(refused.error().message.find("the store has lost attempts") != std::string::npos);
  // Eviction of old ones is no loss.
  auto evicted = outside;
  evicted.kept.erase(evicted.kept.begin());
  const auto continued = run_text(longer, environment, evicted.host(environment));
  REQUIRE(continued.has_value());
  CHECK(continued->state.version == 5);
  for (const std::string part : {"policy", "policy_table", "reference", "critic_table"}) {
    auto damaged = outside;
    damaged.saved.erase(part);
    CHECK(run_text(longer, environment, damaged.host(environment)).error().code == Errc::kCorrupt);
  }
}

TEST_CASE("without a critic nothing is scored", "[text_run]") {
  auto config = tiny();
  config.critic.updates_per_version = 0;
  const auto environment = environment_of(config);
  Outside outside;
  const auto made = run_text(config, environment, outside.host(environment));
  REQUIRE(made.has_value());
  CHECK(made->state.critic_updates == 0);
  for (const auto& [id, group] : outside.kept)
    for (const auto& attempt : group.attempts)
      for (const auto& step : attempt.steps) CHECK_FALSE(step.q.has_value());
}

// Requirements on every reinforcement learning algorithm: equal results for equal seeds, and the
// same results after resuming from a save.
#include <catch2/catch.hpp>
#include <set>

#include "core/sha256.hpp"
#include "data/attempt.hpp"
#include "experiment/text/proposed_problems.hpp"
#include "experiment/text/algorithms.hpp"
#include "experiment/text/reinforce.hpp"
#include "persistence/store.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/taught_run.hpp"

namespace qstar {
using namespace experiment;
namespace {

using testing::plan_of;
using testing::taught_run;

using Saves = std::map<std::string, std::map<std::string, std::string>>;

// Saves at every opportunity, and interrupts after `rounds` rounds.
RunHost saving_host(const Experiment& experiment, Saves& saves, int rounds) {
  auto host = local_host(experiment);
  host.save = [&saves](std::string_view label, const auto& parts, bool) {
    saves[std::string(label)] = parts();
    return Status{};
  };
  host.load = [&saves](std::string_view label) { return saves[std::string(label)]; };
  host.stored = [](std::uint64_t group) -> Result<AttemptGroup> { return AttemptGroup{group, {}}; };
  auto left = std::make_shared<int>(rounds);
  host.show = [left](const StageProgress&) -> Status {
    if (--*left != 0) return {};
    return fail(Errc::kInterrupted, "stopped");
  };
  return host;
}

std::vector<std::string> algorithm_names() {
  std::vector<std::string> names;
  for (const auto& algorithm : algorithms()) names.emplace_back(algorithm.name);
  return names;
}

// What a policy thinks of attempts that won and of those that did not: mean log p of a token.
struct Opinion {
  double won = 0, lost = 0;
};
Opinion opinion_of(const model::ModelFile& model, const model::Tokenizer& tokenizer,
                   const std::vector<AttemptGroup>& groups) {
  const learning::PolicyLearner policy(model);
  Opinion opinion;
  for (const bool won : {true, false}) {
    std::vector<std::string> texts;
    for (const auto& group : groups)
      for (const auto& attempt : group.attempts)
        if (attempt.win() == won) texts.push_back(text_of(attempt));
    REQUIRE(texts.size() > 4);
    const std::vector<float> weights(texts.size(), 1);
    (won ? opinion.won : opinion.lost) =
        -policy.loss(learning::batch_of_solutions(tokenizer, texts, weights));
  }
  return opinion;
}

TEST_CASE("a round makes attempts that won likelier than before, beside those that did not") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  config.tokens = 1;  // one round, with rates at which it is felt
  config.optimizer =
      config.gradient.optimizer = {.muon_rate = 0.02, .adamw_rate = 0.004, .warmup = 0};
  config.value_updates = 20;  // a critic that has learned something
  config.critic.optimizer.warmup = 0;
  for (const auto& name : algorithm_names()) {
    INFO(name);
    Saves none;
    auto host = saving_host(experiment, none, -1);
    std::vector<AttemptGroup> kept;
    host.keep = [&kept](const std::string& packed) {
      const auto made = persistence::unpack(packed).value();
      if (kept.empty()) kept.assign(made.begin(), made.end());  // later ones measure
      return Status{};
    };
    auto run = taught_run(experiment, host);
    const auto made = reinforce(run, plan_of(name, config)).value();
    const auto before = opinion_of(run.model("base"), run.tokenizer(), kept);
    const auto after = opinion_of(made.policy, run.tokenizer(), kept);
    CAPTURE(before.won, after.won, before.lost, after.lost);
    CHECK(after.won > before.won);
    CHECK(after.won - before.won > after.lost - before.lost);
  }
}

TEST_CASE("every algorithm is deterministic, changes the policy, and survives an interruption") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  for (const auto& name : algorithm_names()) {
    config.staleness = config.staleness == 2 ? 0 : 2;  // lock-step and asynchronous in turn
    INFO(name << ", staleness " << config.staleness);
    Saves none, saves;
    auto whole = taught_run(experiment, saving_host(experiment, none, -1));
    const auto straight = reinforce(whole, plan_of(name, config)).value();
    CHECK(straight.tokens >= config.tokens);
    CHECK(straight.curve.size() >= 2);
    CHECK(straight.policy.tensors != whole.model("base").tensors);
    auto first = taught_run(experiment, saving_host(experiment, saves, 1));
    const auto stopped = reinforce(first, plan_of(name, config));
    REQUIRE_FALSE(stopped.has_value());
    CHECK(stopped.error().code == Errc::kInterrupted);
    auto second = taught_run(experiment, saving_host(experiment, saves, -1));
    const auto resumed = reinforce(second, plan_of(name, config)).value();
    CHECK(resumed.policy.tensors == straight.policy.tensors);
    CHECK(resumed.tokens == straight.tokens);
    CHECK(resumed.quick_evaluations == straight.quick_evaluations);
  }
}

TEST_CASE("a run that revisits problems resumes where it was interrupted") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  auto plan = plan_of("expert_iteration", config);
  plan.revisit_share = 0.5;
  Saves none, saves;
  auto whole = taught_run(experiment, saving_host(experiment, none, -1));
  const auto straight = reinforce(whole, plan).value();
  auto first = taught_run(experiment, saving_host(experiment, saves, 1));
  REQUIRE_FALSE(reinforce(first, plan).has_value());
  CHECK(saves["test.expert_iteration"]["source"].size() > 2);  // there is something to revisit
  auto second = taught_run(experiment, saving_host(experiment, saves, -1));
  CHECK(reinforce(second, plan).value().curve == straight.curve);
}

TEST_CASE("a run on a proposer's problems resumes where it was interrupted") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  auto plan = plan_of("expert_iteration", config);
  const auto train = [&](Saves& saves, int rounds) {
    auto run = taught_run(experiment, saving_host(experiment, saves, rounds));
    ProposedProblems problems(run, {"test.problems", {.share = 0.5}, config});
    plan.source = &problems;
    return reinforce(run, plan);
  };
  Saves none, saves;
  const auto straight = train(none, -1).value();
  REQUIRE_FALSE(train(saves, 1).has_value());
  const auto resumed = train(saves, -1).value();
  CHECK(resumed.curve == straight.curve);
  CHECK(resumed.policy.tensors == straight.policy.tensors);
  CHECK(straight.curve.back().contains("uniform_learnability"));
}

TEST_CASE("attempts are made by weights as old as the staleness allows, and by no others") {
  for (const std::int64_t staleness : {0, 1, 3}) {
    INFO("staleness " << staleness);
    const auto experiment = testing::small_base();
    auto config = testing::small_reinforce();
    config.tokens = 4000;
    config.staleness = staleness;
    Saves none;
    auto host = saving_host(experiment, none, -1);
    std::vector<std::uint64_t> versions;  // of every round's attempts; the base is version 1
    host.keep = [&](const std::string& packed) {
      const auto made = persistence::unpack(packed).value();
      std::set<std::uint64_t> round;
      for (const auto& group : made)
        for (const auto& attempt : group.attempts)
          for (const auto& step : attempt.steps) round.insert(step.policy_version);
      if (round != std::set<std::uint64_t>{0}) {  // that of an evaluation
        CHECK(round.size() == 1);
        versions.push_back(*round.begin());
      }
      return Status{};
    };
    auto run = taught_run(experiment, host);
    const auto made = reinforce(run, plan_of("grpo", config)).value();
    REQUIRE(versions.size() >= 5);
    // The initial policy makes the first round only; the next ones are begun together, then one
    // after every update.
    const auto age = static_cast<std::uint64_t>(staleness);
    CHECK(versions[0] == 1);
    for (std::size_t round = 1; round < std::min<std::size_t>(age + 2, versions.size()); ++round)
      CHECK(versions[round] == 2);
    for (std::size_t round = age + 2; round < versions.size(); ++round) {
      // Close to the token limit, rounds may begin later, by newer weights.
      const bool last = round + age >= versions.size();
      CHECK((versions[round] == round + 1 - age || (last && versions[round] <= round + 1)));
    }
    CHECK(made.curve.size() == versions.size());
    CHECK(made.quick_evaluations.size() == versions.size());
  }
}

TEST_CASE("every step and score that is kept names its model") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  config.tokens = 2500;
  struct Row {
    std::string role, label;
    std::uint64_t version = 0;
  };
  std::map<std::string, std::uint64_t> numbers;  // by hash
  std::vector<Row> table(1);
  Saves none;
  auto host = saving_host(experiment, none, -1);
  host.model_number = [&](const ModelHash& model, std::string_view role, std::string_view label,
                          std::uint64_t version) -> Result<std::uint64_t> {
    const auto [it, fresh] = numbers.emplace(model, table.size());
    if (fresh) table.push_back({std::string(role), std::string(label), version});
    return it->second;
  };
  std::set<std::uint64_t> policies, critics;
  host.keep = [&](const std::string& packed) {
    const auto made = persistence::unpack(packed).value();
    for (const auto& group : made)
      for (const auto& attempt : group.attempts)
        for (const auto& step : attempt.steps) {
          REQUIRE(step.model > 0);
          if (step.policy_version == 0) continue;  // of an evaluation
          CHECK(table[step.model].role == "policy");
          CHECK(table[step.model].version == step.policy_version);
          policies.insert(step.model);
          if (step.q) critics.insert(attempt.critic_model);
          CHECK(attempt.reward_model == 0);
        }
    return Status{};
  };
  auto run = taught_run(experiment, host);
  REQUIRE(reinforce(run, plan_of("search_guided", config)).has_value());
  CHECK(policies.size() >= 2);
  REQUIRE(critics.size() == 1);
  CHECK(table[*critics.begin()].role == "critic");
  CHECK(numbers.at(sha256(serialize(run.model("critic"))).hex()) == *critics.begin());
}

TEST_CASE("a saved round under way without its weights is refused") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  config.staleness = 1;
  Saves saves;
  auto run = taught_run(experiment, saving_host(experiment, saves, 1));
  REQUIRE_FALSE(reinforce(run, plan_of("grpo", config)).has_value());
  auto& parts = saves["test.grpo"];
  REQUIRE(std::erase_if(parts, [](const auto& part) { return part.first.starts_with("policy-"); }) >
          0);
  auto again = taught_run(experiment, saving_host(experiment, saves, -1));
  const auto resumed = reinforce(again, plan_of("grpo", config));
  REQUIRE_FALSE(resumed.has_value());
  CHECK(resumed.error().code == Errc::kCorrupt);
  CHECK_THAT(resumed.error().message, Catch::Matchers::Contains("weights"));
}

TEST_CASE("a run that has ended is not repeated") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  Saves saves;
  auto run = taught_run(experiment, saving_host(experiment, saves, -1));
  const auto done = reinforce(run, plan_of("ppo", config)).value();
  // If a later run of the stage is interrupted, this one is restored without another round.
  auto resumed = taught_run(experiment, saving_host(experiment, saves, 1));
  const auto again = reinforce(resumed, plan_of("ppo", config)).value();
  CHECK(again.policy.tensors == done.policy.tensors);
  CHECK(again.curve == done.curve);
}

TEST_CASE("runs of one stream are given the same problems and draws") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  config.tokens = 1;  // a round
  std::map<std::string, std::vector<std::string>> texts;
  std::set<std::uint64_t> groups;
  std::string label;
  Saves none;
  auto host = saving_host(experiment, none, -1);
  host.keep = [&](const std::string& packed) {
    const auto made = persistence::unpack(packed).value();
    for (const auto& group : made) {
      CHECK(groups.insert(group.group).second);
      for (const auto& attempt : group.attempts) {
        CHECK(attempt.id.group == group.group);
        texts[label].push_back(text_of(attempt));
      }
    }
    return Status{};
  };
  auto run = taught_run(experiment, host);
  for (const auto* name : {"one", "two"}) {
    label = name;
    auto plan = plan_of("grpo", config);
    plan.label = label;
    plan.stream = "same";
    REQUIRE(reinforce(run, plan).has_value());
  }
  CHECK(texts["one"].size() == 48);
  CHECK(texts["one"] == texts["two"]);
}

TEST_CASE("groups are stored under the ids that were asked for, and under no others") {
  auto experiment = testing::small_base();
  experiment.attempts.keep_groups = 2;
  auto host = local_host(experiment);
  std::string stored;
  host.keep = [&](std::string packed) {
    stored = std::move(packed);
    return Status{};
  };
  const auto run = testing::small_run(experiment, host);
  const auto first = run.group_id("asked", 5);
  const auto packed = persistence::pack(sample_groups(first, 3));
  REQUIRE(run.keep(packed, "asked", 5));
  CHECK(stored == persistence::pack(sample_groups(first, 2)));
  stored.clear();
  CHECK(run.keep(packed, "asked", 6).error().code == Errc::kCorrupt);
  CHECK(run.keep(packed, "other", 5).error().code == Errc::kCorrupt);
  CHECK(run.keep(std::string_view(packed).substr(0, 9), "asked", 5).error().code == Errc::kCorrupt);
  CHECK(stored.empty());
}

TEST_CASE("a damaged save is refused with the part") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  Saves whole;
  auto run = taught_run(experiment, saving_host(experiment, whole, 1));
  REQUIRE_FALSE(reinforce(run, plan_of("expert_iteration", config)).has_value());
  const auto refusal = [&](const std::function<void(Saves::mapped_type&)>& damage) {
    Saves saves = whole;
    damage(saves["test.expert_iteration"]);
    auto again = taught_run(experiment, saving_host(experiment, saves, -1));
    const auto resumed = reinforce(again, plan_of("expert_iteration", config));
    REQUIRE_FALSE(resumed.has_value());
    CHECK(resumed.error().code == Errc::kCorrupt);
    return resumed.error().message;
  };
  const std::string prefix = "checkpoints/test.expert_iteration: the saved state is damaged (";
  for (const std::string part : {"state.json", "learner", "improver", "source"}) {
    const auto damaged = refusal([&](auto& parts) { parts[part] = "damaged"; });
    if (part == "learner" || part == "improver")  // these say themselves what is wrong
      CHECK_THAT(damaged,
                 Catch::Matchers::StartsWith("checkpoints/test.expert_iteration: " + part + ": ") &&
                     Catch::Matchers::EndsWith("; remove that checkpoint to resume from the one "
                                               "before it, or start a new run"));
    else
      CHECK(damaged == prefix + part + "); start a new run");
    CHECK(refusal([&](auto& parts) { parts.erase(part); }) ==
          prefix + part + " is missing); start a new run");
  }
  const auto retyped = refusal([](auto& parts) {
    auto& state = parts["state.json"];
    state.replace(state.find("\"rounds\":"), 9, "\"round\" :");
  });
  CHECK(retyped == prefix + "state.json); start a new run");
}

}  // namespace
}  // namespace qstar

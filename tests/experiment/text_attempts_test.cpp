// Which attempts are ordered, with which models, and when they are collected.
#include "experiment/text/text_attempts.hpp"

#include "environment/registry.hpp"
#include "tests/support/task_recorder.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::experiment;

namespace {

ExperimentConfig three_versions(std::int64_t ahead) {
  ExperimentConfig config;
  config.rl.versions = 3;
  config.rl.updates_per_version = 2;
  config.rl.groups_per_update = 8;
  config.rollout.lease_groups = 2;  // two leases per version
  config.rollout.versions_ahead = ahead;
  return config;
}

TextState at(std::uint64_t version, std::uint64_t leases) {
  TextState state;
  state.version = version;
  state.leases = leases;
  state.policy = "p" + std::to_string(version);
  state.critic = "c" + std::to_string(version);
  state.critic_updates = 10 * static_cast<std::int64_t>(version);
  return state;
}

}  // namespace

TEST_CASE("a rollout has the same problems wherever it is made, and none is held out",
          "[text_attempts]") {
  const ExperimentConfig config;
  const auto environment = environment::make_environment(config.environment).value();
  const auto first = rollout_task(config, *environment, 3, {"abc", 1});
  CHECK(encode(Task(first)) == encode(Task(rollout_task(config, *environment, 3, {"abc", 1}))));
  REQUIRE(first.problems.size() == static_cast<std::size_t>(config.rollout.lease_groups));
  for (const auto& problem : first.problems) REQUIRE_FALSE(environment::is_held_out(problem));
  const auto second = rollout_task(config, *environment, 4, {"abc", 1});
  REQUIRE(second.how.first_group == first.how.first_group + first.problems.size());
  REQUIRE(second.problems != first.problems);
  CHECK(second.how.seed == first.how.seed);
}

TEST_CASE("attempts are ordered for the versions ahead, and no further", "[text_attempts]") {
  const auto environment = environment::make_environment({}).value();
  for (const std::int64_t ahead : {0, 1, 5}) {
    const auto config = three_versions(ahead);
    REQUIRE(leases_per_version(config) == 2);
    const auto recorder = std::make_shared<testing::TaskRecorder>();
    StageHost host = local_stage_host(nullptr, 1);
    host.engine = recorder;
    TextAttempts attempts(config, *environment, host);
    std::vector<std::string> made_by;
    for (std::uint64_t version = 1; version <= 4; ++version) {
      auto state = at(version, 2 * (version - 1));
      attempts.order(state);
      attempts.order(state);  // once is enough
      std::uint64_t handed_over = 0;
      REQUIRE(attempts.collect(state, [&](const OrderedVersion& by, const auto&) {
        CHECK(by.version == version);
        CHECK(by.critic == "c" + by.policy.hash.substr(1));
        CHECK(by.critic_updates == 10 * by.policy.version);
        made_by.push_back(by.policy.hash);
        ++handed_over;
        return Status{};
      }));
      CHECK(handed_over == (version <= 3 ? 2 : 0));
      CHECK(state.leases == std::min<std::uint64_t>(6, 2 * version));
    }
    CHECK(recorder->tasks.size() == 6);
    if (ahead == 0) CHECK(made_by == std::vector<std::string>{"p1", "p1", "p2", "p2", "p3", "p3"});
    // The base makes attempts for one version only.
    if (ahead > 0) CHECK(made_by == std::vector<std::string>{"p1", "p1", "p2", "p2", "p2", "p2"});
  }
}

TEST_CASE("attempts under way are ordered again, but for those collected", "[text_attempts]") {
  const auto environment = environment::make_environment({}).value();
  const auto config = three_versions(1);
  const auto recorder = std::make_shared<testing::TaskRecorder>();
  StageHost host = local_stage_host(nullptr, 1);
  host.engine = recorder;
  TextAttempts attempts(config, *environment, host);
  auto state = at(2, 2);
  attempts.order(state);  // of versions 2 and 3
  // Stopped after the first lease.
  int taken = 0;
  const auto stopped = attempts.collect(state, [&](const OrderedVersion&, const auto&) -> Status {
    if (++taken == 1) return {};
    return fail(Errc::kInterrupted, "stopped");
  });
  REQUIRE_FALSE(stopped);
  CHECK(state.leases == 3);
  std::set<ModelHash> models;
  attempts.add_models(models);
  CHECK(models == std::set<ModelHash>{"p2", "c2"});
  TextAttempts resumed(config, *environment, host);
  const auto before = recorder->tasks.size();
  resumed.order_again(attempts.ordered());
  REQUIRE(recorder->tasks.size() == before + 3);
  const auto& first = std::get<AttemptTask>(recorder->tasks[before]);
  CHECK(first.how.first_group == 6);  // the fourth lease of two groups
  CHECK(first.policy == PolicyRef{"p2", 2});
  CHECK(first.scorer == "c2");
}

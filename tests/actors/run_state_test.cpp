#include "actors/run_state.hpp"

#include <tuple>

#include "tests/support/attempts.hpp"
#include "tests/support/fields.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

// A field more does not compile: then it belongs into both lists.
auto fields_of(RunState& state) {
  auto& [phase, pretrain_steps, policy_updates, critic_updates, version, next_task, unfinished,
         pretrain_tokens, trained_tokens, generated_tokens, attempts, wins, lucky, cpu_seconds,
         wall_seconds, base, curve, critic, final, evaluations] = state;
  return std::tie(phase, pretrain_steps, policy_updates, critic_updates, version, next_task,
                  unfinished, pretrain_tokens, trained_tokens, generated_tokens, attempts, wins,
                  lucky, cpu_seconds, wall_seconds, base, curve, critic, final, evaluations);
}

}  // namespace

TEST_CASE("every field of a run's state survives a checkpoint", "[run_state]") {
  RunState state, untouched;
  testing::Distinct distinct;
  const auto set = [&](auto& field) {
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, nlohmann::json>) {
      double number = 0;
      distinct.set(number);
      if (field.is_array()) field.push_back({{"greedy", number}});
      if (field.is_object()) field["greedy"] = number;
    } else {
      distinct.set(field);
    }
  };
  std::apply([&](auto&... field) { (set(field), ...); }, fields_of(state));
  REQUIRE(testing::all_differ(fields_of(state), fields_of(untouched)));
  auto back = load_run_state(save(state));
  REQUIRE(back.has_value());
  CHECK((fields_of(*back) == fields_of(state)));
}

TEST_CASE("a checkpoint of an earlier version had no evaluations", "[run_state]") {
  auto saved = nlohmann::json::parse(save(RunState{}));
  saved.erase("evaluations");
  const auto back = load_run_state(saved.dump());
  REQUIRE(back.has_value());
  REQUIRE(back->evaluations.empty());
}

TEST_CASE("the critic completes the round that a stop cut short", "[run_state]") {
  ExperimentConfig config;
  config.critic.updates_per_version = 5;
  RunState run;
  run.version = 4;
  for (const auto& [done, next] : {std::pair{0, 5}, {3, 2}, {5, 5}, {7, 3}, {14, 1}, {15, 0}}) {
    run.critic_updates = done;
    REQUIRE(next_critic_updates(run, config) == next);
  }
}

TEST_CASE("a finished run continues when it gets more versions", "[run_state]") {
  ExperimentConfig config;
  config.rl.versions = 4;
  RunState run;
  REQUIRE(extend(run, config));  // nothing is made yet
  run.phase = Phase::kFinished;
  run.version = 5;
  run.final_ = {{"greedy", 1}};
  REQUIRE(extend(run, config));
  REQUIRE(run.phase == Phase::kFinished);
  REQUIRE(run.final_.contains("greedy"));
  config.rl.versions = 6;
  REQUIRE(extend(run, config));
  REQUIRE(run.phase == Phase::kReinforce);
  REQUIRE(run.final_.empty());
  config.rl.versions = 3;
  const auto fewer = extend(run, config);
  REQUIRE(fewer.error().code == Errc::kConfig);
  REQUIRE(fewer.error().message.find("rl.versions = 3") != std::string::npos);
  REQUIRE(fewer.error().message.find("trained 4") != std::string::npos);
}

TEST_CASE("a damaged run.json is an error, never a crash", "[run_state]") {
  for (const char* text : {"", "{", "[]", "{\"phase\":3}", "null"}) {
    REQUIRE(load_run_state(text).error().code == Errc::kCorrupt);
  }
}

TEST_CASE("a store that ends before the checkpoint has lost attempts", "[run_state]") {
  const qstar::TemporaryFolder folder;
  auto store = qstar::Store::open(folder.path(), qstar::Store::Mode::kWrite).value();
  RunState run;
  REQUIRE(qstar::check_kept(run, store, 4));  // nothing was done
  run.next_task = 5;
  run.unfinished = {2, 3, 4};
  const auto empty = qstar::check_kept(run, store, 4);
  REQUIRE_FALSE(empty);
  CHECK(empty.error().code == Errc::kCorrupt);
  CHECK(empty.error().message.find("knows of group 4, and the store is empty") !=
        std::string::npos);
  REQUIRE(store.insert(qstar::sample_groups(0, 4)));
  const auto short_of_one = qstar::check_kept(run, store, 4);
  REQUIRE_FALSE(short_of_one);
  CHECK(short_of_one.error().message.find("the store ends with group 3") != std::string::npos);
  REQUIRE(store.insert(qstar::sample_groups(4, 4)));
  CHECK(qstar::check_kept(run, store, 4));
  const std::vector<std::uint64_t> old = {0, 1, 2, 3, 4, 5};
  REQUIRE(store.erase(old));  // eviction is no loss
  CHECK(qstar::check_kept(run, store, 4));
}

TEST_CASE("after a restart the store says what was done", "[run_state]") {
  const qstar::TemporaryFolder folder;
  auto store = qstar::Store::open(folder.path(), qstar::Store::Mode::kWrite).value();
  // Tasks of 4 groups: 0 and 1 were known as done, 2 was out and arrived, 3 was out and did not;
  // 4 and 5 began after the checkpoint, and only 5 arrived.
  for (const std::uint64_t task : {0, 1, 2, 5})
    REQUIRE(store.insert(qstar::sample_groups(task * 4, 4)));
  RunState run;
  run.next_task = 4;
  run.unfinished = {2, 3};
  run.attempts = 7;
  REQUIRE(qstar::recover(run, store, 4));
  REQUIRE(run.next_task == 6);
  REQUIRE(run.unfinished == std::vector<std::uint64_t>{3, 4});
  std::uint64_t attempts = 7;
  for (const std::uint64_t group : {8, 9, 10, 11, 20, 21, 22, 23})
    attempts += qstar::sample_group(group).attempts.size();
  REQUIRE(run.attempts == attempts);
  REQUIRE(run.generated_tokens > 0);
}

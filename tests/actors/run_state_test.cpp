#include "actors/run_state.hpp"

#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("a run's counters survive a checkpoint", "[run_state]") {
  RunState state;
  state.phase = Phase::kReinforce;
  state.version = 5;
  state.unfinished = {3, 4};
  state.generated_tokens = 1ULL << 40;
  state.curve.push_back({{"greedy", 0.5}});
  const auto back = load_run_state(save(state));
  REQUIRE(back.has_value());
  REQUIRE(back->phase == Phase::kReinforce);
  REQUIRE(back->version == 5);
  REQUIRE(back->unfinished == state.unfinished);
  REQUIRE(back->generated_tokens == state.generated_tokens);
  REQUIRE(back->curve == state.curve);
}

TEST_CASE("a damaged run.json is an error, never a crash", "[run_state]") {
  for (const char* text : {"", "{", "[]", "{\"phase\":3}", "null"}) {
    REQUIRE(load_run_state(text).error().code == Errc::kCorrupt);
  }
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

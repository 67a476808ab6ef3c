#include "actors/run_state.hpp"

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

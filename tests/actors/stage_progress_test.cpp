// What a stage's progress says to people, files and the gateway.
#include "actors/stage_progress.hpp"

#include <nlohmann/json.hpp>

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("a stage's progress says how far, how good, how fast, how long", "[stage_progress]") {
  actors::ProgressDisplay display;
  const actors::ProgressUpdate first =
      display.update({"cost_to_go", 0, 1000, {{"examples", 0}}}, {}, 10);
  CHECK(first.line == "cost_to_go 0 %");
  CHECK(first.passing);
  actors::Occupancy busy;
  busy.set(0, 3, 1);
  const actors::ProgressUpdate second = display.update(
      {"cost_to_go", 250, 1000, {{"examples", 50'000}, {"solved", 0.5}, {"loss", 0.125}}}, busy,
      15);
  CHECK(second.line == "cost_to_go 25 %  solved 0.500  loss 0.125  10.0 k examples/s  15 s left");
  CHECK(second.row.phase == "cost_to_go");
  CHECK(second.row.step == 250);
  CHECK(second.row.values.at("examples_per_second") == 10'000);
  const auto status = nlohmann::json::parse(second.status);
  CHECK(status["progress"] == 0.25);
  CHECK(status["figures"]["solved"] == 0.5);
  CHECK(status["executors"]["busy"] == 3);
  CHECK(status["executors"]["waiting"] == 1);
  CHECK_FALSE(display.update({"cost_to_go", 1000, 1000, {}}, {}, 30).passing);
  // A new stage begins with a rate of its own.
  CHECK(display.update({"rl.grpo", 10, 20, {{"accuracy", 0.75}}}, {}, 31).line ==
        "rl.grpo 50 %  accuracy 0.750");
  CHECK(display.update({"base", 10, 100, {{"tokens", 1000}}}, {}, 40).line == "base 10 %");
  CHECK(display.update({"base", 20, 100, {{"tokens", 5000}, {"step_auc", 0.9}}}, {}, 42).line ==
        "base 20 %  step AUC 0.900  2.0 k tokens/s  16 s left");
  // What is not measured every time stays in the line, but not in the row.
  const auto third = display.update({"base", 50, 100, {{"tokens", 20000}}}, {}, 50);
  CHECK(third.line == "base 50 %  step AUC 0.900  1.9 k tokens/s  12 s left");
  CHECK_FALSE(third.row.values.contains("step_auc"));
  // A line of the stage's own.
  CHECK(display.update({"eval", 3, 3, {}, "base greedy accuracy 0.5"}, {}, 32).line ==
        "base greedy accuracy 0.5");
}

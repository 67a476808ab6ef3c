// What a puzzle's run keeps and reports: its state, its curve, its progress, its records.
#include "actors/puzzle_progress.hpp"
#include "actors/puzzle_records.hpp"
#include "actors/puzzle_run_state.hpp"
#include "environment/registry.hpp"
#include "tests/support/fields.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

TEST_CASE("a curve of any length keeps evenly spread points", "[puzzle_run]") {
  SolvedCurve curve;
  for (std::int64_t i = 0; i < 401; ++i) curve.add({.updates = i});
  REQUIRE(curve.stride == 2);
  REQUIRE(curve.points.size() == 201);
  for (std::int64_t i = 401; i < 10'000; ++i) curve.add({.updates = i});
  REQUIRE(curve.points.size() <= SolvedCurve::kMost);
  REQUIRE(curve.points.size() > SolvedCurve::kMost / 2);
  for (std::size_t i = 0; i < curve.points.size(); ++i)
    REQUIRE(curve.points[i].updates == static_cast<std::int64_t>(i) * curve.stride);
}

// A field more does not compile: then it belongs into both lists.
auto fields_of(SolvedPoint& point) {
  auto& [updates, examples, cpu_seconds, loss, solved, target_version] = point;
  return std::tie(updates, examples, cpu_seconds, loss, solved, target_version);
}
auto fields_of(PuzzleRunState& state) {
  auto& [finished, updates, examples, batches, checks, records, target_version, next_task,
         unfinished, dropped_stale, cpu_seconds, wall_seconds, newest, curve] = state;
  return std::tuple_cat(
      std::tie(finished, updates, examples, batches, checks, records, target_version, next_task,
               unfinished, dropped_stale, cpu_seconds, wall_seconds, curve.stride, curve.seen),
      fields_of(newest));
}

TEST_CASE("every field of a puzzle's run state survives its checkpoint", "[puzzle_run]") {
  static_assert(testing::field_count<SolvedCurve>() == 3, "compare the new field, too");
  PuzzleRunState state, untouched;
  testing::Distinct().fill(fields_of(state));
  state.curve.points = {{1, 2, 3, 4, 0.25, 5}, state.newest};
  REQUIRE(testing::all_differ(fields_of(state), fields_of(untouched)));
  auto back = load_puzzle_run_state(save(state));
  REQUIRE(back.has_value());
  CHECK((fields_of(*back) == fields_of(state)));
  REQUIRE(back->curve.points.size() == 2);
  CHECK((fields_of(back->curve.points[0]) == fields_of(state.curve.points[0])));
  CHECK((fields_of(back->curve.points[1]) == fields_of(state.newest)));
  REQUIRE(load_puzzle_run_state("{}").error().code == Errc::kCorrupt);
}

TEST_CASE("a finished puzzle run continues when it gets more updates", "[puzzle_run]") {
  PuzzleExperiment config;
  config.training.updates = 100;
  PuzzleRunState run;
  run.updates = 100;
  run.finished = true;
  REQUIRE(extend(run, config));
  REQUIRE(run.finished);
  config.training.updates = 99;
  const auto fewer = extend(run, config);
  REQUIRE(fewer.error().code == Errc::kConfig);
  REQUIRE(fewer.error().message.find("training.updates = 99") != std::string::npos);
  config.training = {.updates = 200, .cpu_seconds = 5};
  run.cpu_seconds = 6;
  REQUIRE(extend(run, config));
  REQUIRE(run.finished);  // its time is used up
  config.training.cpu_seconds = 7;
  REQUIRE(extend(run, config));
  REQUIRE_FALSE(run.finished);
}

TEST_CASE("a run is done by whichever limit comes first", "[puzzle_run]") {
  PuzzleExperiment config;
  config.training.updates = 100;
  PuzzleRunState run;
  run.updates = 25;
  REQUIRE(share_done(run, config, 1e6) == 0.25);  // no limit on CPU time
  config.training.cpu_seconds = 10;
  REQUIRE(share_done(run, config, 1) == 0.25);
  REQUIRE(share_done(run, config, 5) == 0.5);
  REQUIRE(share_done(run, config, 11) == 1);
}

TEST_CASE("progress says how far, how good, how fast, how long", "[puzzle_run]") {
  PuzzleExperiment config;
  config.training.updates = 1000;
  PuzzleProgress progress(config);
  PuzzleRunState run;
  const PuzzleQueues queues{2, 1, 5};
  const Report first = progress.trained(run, {}, queues, 0, 10);
  REQUIRE(first.line == "train 0/1000  solved -  loss -  target 0");
  REQUIRE(first.row.values.count("solved") + first.row.values.count("loss") == 0);
  const auto unmeasured = nlohmann::json::parse(progress.status(run, queues, 0));
  REQUIRE(unmeasured["figures"]["solved"].is_null());
  REQUIRE(unmeasured["figures"]["loss"].is_null());
  run.checks = 1;
  run.updates = 250;
  run.examples = 50'000;
  run.target_version = 3;
  run.newest = {250, 50'000, 4, 0.125, 0.5, 3};
  PuzzleTrained slice;
  slice.updates = 250;
  slice.loss = 0.3;
  slice.check = PuzzleCheck{250, 0.125, 0.5, true, 2};
  const Report report = progress.trained(run, slice, queues, 4, 15);
  REQUIRE(report.line ==
          "train 250/1000  solved 0.500  loss 0.1250  target 3  10.0 k examples/s  15 s left");
  REQUIRE(report.row.step == 250);
  REQUIRE(report.row.values.at("solved") == 0.5);
  REQUIRE(report.row.values.at("loss") == 0.125);
  REQUIRE(report.row.values.at("examples_per_second") == 10'000);
  slice.check.reset();
  const Report between = progress.trained(run, slice, queues, 4, 16);
  REQUIRE(between.row.values.count("solved") == 0);
  REQUIRE(between.row.values.at("loss") == 0.3);
  const auto status = nlohmann::json::parse(progress.status(run, queues, 4));
  REQUIRE(status["progress"] == 0.25);
  REQUIRE(status["figures"]["solved"] == 0.5);
  REQUIRE(status["queues"]["batches_held"] == 5);
}

TEST_CASE("greedy play is kept as attempts", "[puzzle_run]") {
  const auto puzzle = make_puzzle({.name = "lights_out", .size = 3}).value();
  Rng rng(1);
  const auto start = puzzle->scrambled(3, rng);
  const std::vector<PuzzleWalk> walks = {
      {start, {4, 0}, {2.5F, 1}, true}, {start, {}, {}, true}, {start, {8}, {9}, false}};
  const auto groups = records_of(*puzzle, walks, {10, 700, 3, 0, {"run", "head", "1"}});
  REQUIRE(groups.size() == 2);  // the second walk had nothing to do
  REQUIRE(groups[0].group == 10);
  REQUIRE(groups[1].group == 11);
  const Trajectory& won = groups[0].attempts.at(0);
  REQUIRE(won.id == TrajectoryId{10, 0});
  REQUIRE(won.problem == puzzle->text(start));
  REQUIRE(won.steps.size() == 2);
  REQUIRE(won.steps[0].text == puzzle->move_name(4));
  REQUIRE(won.steps[0].q == 2.5F);
  REQUIRE(won.steps[0].policy_version == 700);
  REQUIRE(won.critic_version == 3);
  REQUIRE(won.outcome == Outcome::kWon);
  REQUIRE(groups[1].attempts.at(0).outcome == Outcome::kUnfinished);
}

TEST_CASE("an experiment whose parts do not fit is refused", "[puzzle_run]") {
  PuzzleExperiment config;
  REQUIRE(check(config));
  SECTION("no room for a lease") {
    config.replay.capacity = 4;
    REQUIRE(check(config).error().message.find("replay.capacity = 4") != std::string::npos);
  }
  SECTION("a width that the kernels do not have") {
    config.learner.network.second = 33;
    REQUIRE(check(config).error().message.find("learner.network.second") != std::string::npos);
  }
  SECTION("ways back where no move can be undone") {
    config.environment = {.name = "countdown", .size = 4};
    config.learner.warm_up = 1;
    REQUIRE(check(config).error().message.find("learner.warm_up") != std::string::npos);
  }
  SECTION("a size that the puzzle does not have") {
    config.environment.size = 60;
    REQUIRE(check(config).error().message.find("environment.size") != std::string::npos);
  }
}

}  // namespace
}  // namespace qstar

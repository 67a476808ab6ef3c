// What a puzzle's run keeps and reports: its state, its curve, its records.
#include "experiment/puzzle/cost_to_go_state.hpp"

#include "environment/registry.hpp"
#include "experiment/puzzle/cost_to_go.hpp"
#include "experiment/puzzle/greedy_records.hpp"
#include "tests/support/fields.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace experiment;
namespace {

TEST_CASE("a curve of any length keeps evenly spread points", "[cost_to_go_state]") {
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
auto fields_of(OrderedBatches& ordered) {
  auto& [first, count, target_version] = ordered;
  return std::tie(first, count, target_version);
}
auto fields_of(CostToGoState& state) {
  auto& [updates, examples, batches, checks, records, target_version, ordered, amid, cpu_seconds,
         times, newest, curve] = state;
  return std::tuple_cat(std::tie(updates, examples, batches, checks, records, target_version, amid,
                                 cpu_seconds, times.now, times.stage_waited, times.executors_busy,
                                 times.executors_idle, curve.stride, curve.seen),
                        fields_of(newest), fields_of(ordered.at(0)));
}

TEST_CASE("every field of a puzzle's state survives its save", "[cost_to_go_state]") {
  static_assert(testing::field_count<SolvedCurve>() == 3, "compare the new field, too");
  CostToGoState state, untouched;
  state.ordered.resize(1);
  untouched.ordered.resize(1);
  testing::Distinct().fill(fields_of(state));
  state.curve.points = {{1, 2, 3, 4, 0.25, 5}, state.newest};
  REQUIRE(testing::all_differ(fields_of(state), fields_of(untouched)));
  auto back = load_cost_to_go_state(save(state));
  REQUIRE(back.has_value());
  CHECK((fields_of(*back) == fields_of(state)));
  REQUIRE(back->curve.points.size() == 2);
  CHECK((fields_of(back->curve.points[0]) == fields_of(state.curve.points[0])));
  CHECK((fields_of(back->curve.points[1]) == fields_of(state.newest)));
  REQUIRE(load_cost_to_go_state("{}").error().code == Errc::kCorrupt);
}

TEST_CASE("a run is done by whichever limit comes first", "[cost_to_go_state]") {
  CostToGoConfig config;
  config.updates = 100;
  CostToGoState run;
  run.updates = 25;
  REQUIRE(share_done(run, config, 1e6) == 0.25);  // no limit on CPU time
  config.cpu_seconds = 10;
  REQUIRE(share_done(run, config, 1) == 0.25);
  REQUIRE(share_done(run, config, 5) == 0.5);
  REQUIRE(share_done(run, config, 11) == 1);
}

TEST_CASE("greedy play is kept as attempts", "[cost_to_go_state]") {
  const auto puzzle = environment::make_puzzle({.name = "lights_out", .size = 3}).value();
  Rng rng(1);
  const auto start = puzzle->scrambled(3, rng);
  const std::vector<learning::PuzzleWalk> walks = {
      {start, {4, 0}, {2.5F, 1}, true}, {start, {}, {}, true}, {start, {8}, {9}, false}};
  const auto groups = records_of(*puzzle, walks, {10, 700, 3, 5, {"run", "head", "1"}});
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
  REQUIRE(won.steps[0].model == 5);
  REQUIRE(won.critic_version == 3);
  REQUIRE(won.critic_model == 5);
  REQUIRE(won.outcome == Outcome::kWon);
  REQUIRE(groups[1].attempts.at(0).outcome == Outcome::kUnfinished);
}

Experiment on(environment::EnvironmentConfig environment) {
  Experiment experiment;
  experiment.environment = std::move(environment);
  experiment.stages.emplace_back("cost_to_go");
  return experiment;
}

TEST_CASE("an experiment whose parts do not fit is refused", "[cost_to_go_state]") {
  auto experiment = on({.name = "lights_out", .size = 4});
  auto& config = *experiment.stages.front().as<CostToGoConfig>();
  const auto refusal = [&] {
    const auto checked = check(experiment);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Errc::kConfig);
    return checked.error().message;
  };
  REQUIRE(check(experiment));
  SECTION("no room for a lease") {
    config.batches_ahead = 4;
    REQUIRE(refusal().find("stages.cost_to_go.batches_ahead = 4") == 0);
  }
  SECTION("a width that the kernels do not have") {
    config.learner.network.second = 33;
    REQUIRE(refusal().find("stages.cost_to_go.network.second") == 0);
  }
  SECTION("ways back where no move can be undone") {
    experiment.environment = {.name = "countdown", .size = 4};
    config.learner.warm_up = 1;
    REQUIRE(refusal().find("stages.cost_to_go.warm_up") == 0);
  }
  SECTION("a size that the puzzle does not have") {
    experiment.environment.size = 60;
    REQUIRE(refusal().find("environment.size") != std::string::npos);
  }
}

}  // namespace
}  // namespace qstar

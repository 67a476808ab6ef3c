// Whole runs on a puzzle in this process: in lock-step the same as a loop without an actor, byte
// for byte.
#include "actors/puzzle_head.hpp"

#include <filesystem>

#include "experiment/puzzle/puzzle_experiment.hpp"
#include "persistence/store.hpp"
#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace inference;
using namespace actors;
namespace {

PuzzleHeadOptions tiny(const std::string& folder) {
  PuzzleHeadOptions options;
  options.run_directory = folder;
  options.show = [](const Report&) {};
  auto& config = options.config;
  config.environment.size = 3;
  config.learner.network = {.first = 64, .second = 32, .blocks = 1};
  config.learner.scrambles = {.depth = 9, .batch = 64};
  config.learner.check_period = 20;
  config.learner.patience = 1;
  config.learner.check_moves = 9;
  config.training.updates = 110;
  return options;
}

// The whole of a run without an actor.
PuzzleModel plain_loop(const experiment::PuzzleExperiment& config) {
  const auto puzzle = environment::make_puzzle(config.environment).value();
  learning::PuzzleLearner learner = experiment::learner_of(config, puzzle).value();
  learning::Scrambles scrambles(puzzle, config.learner.scrambles,
                                experiment::scrambles_seed(config));
  for (std::uint64_t i = 0; learner.updates() < config.training.updates; ++i) {
    learner.update(scrambles.batch(i));
    if (learner.check_due()) learner.check();
  }
  return learner.model();
}

TEST_CASE("a run in lock-step is a plain loop, byte for byte", "[puzzle_head]") {
  const TemporaryFolder folder;
  PuzzleHeadOptions options = tiny(folder.path("run"));
  SECTION("with one network") {}
  SECTION("with double Q-learning") { options.config.learner.double_q = true; }
  options.config.replay.staleness = 0;
  options.config.training.scramblers = 3;
  const auto end = run_puzzle_head(options);
  REQUIRE(end.has_value());
  const PuzzleModel made = parse_puzzle_model(end->model, "the run's").value();
  REQUIRE(made.parameters == plain_loop(options.config).parameters);
  REQUIRE(made.metadata.at("updates") == "110");
  REQUIRE(end->state.checks == 6);  // 20, 40, … 100, and one at the end
  REQUIRE(end->state.newest.updates == 110);
}

TEST_CASE("a run that orders batches ahead makes the updates it was asked for", "[puzzle_head]") {
  const TemporaryFolder folder;
  PuzzleHeadOptions options = tiny(folder.path("run"));
  SECTION("with targets of the nodes") {}
  SECTION("with targets of the learner") { options.config.learner.double_q = true; }
  options.config.training.scramblers = 2;
  const auto end = run_puzzle_head(options);
  REQUIRE(end.has_value());
  REQUIRE(end->state.updates == 110);
  REQUIRE(end->state.examples == 110 * 64);
  REQUIRE(end->state.target_version == 7);  // patience 1: every check replaces it
  const PuzzleModel made = parse_puzzle_model(end->model, "the run's").value();
  REQUIRE(made.metadata.at("updates") == "110");
  const persistence::Store store =
      persistence::Store::open(folder.path("run/store"), persistence::Store::Mode::kRead).value();
  REQUIRE(store.stats()->trajectories == static_cast<std::uint64_t>(end->state.records));
  REQUIRE(end->state.records > 8);  // of the first check and of the last
  // Every step names its network, which is kept.
  const auto models = store.models();
  REQUIRE(models.has_value());
  REQUIRE(models->size() == 2);
  REQUIRE(std::filesystem::exists(
      folder.path("run/weights/" + models->at(0).hash.hex() + ".safetensors")));
}

TEST_CASE("a stopped run continues where it was", "[puzzle_head]") {
  const TemporaryFolder folder;
  PuzzleHeadOptions options = tiny(folder.path("run"));
  options.config.replay.staleness = 0;
  std::atomic<bool> stop = false;
  options.stop = stop;
  options.show = [&stop](const Report& report) { stop = stop || report.row.step >= 60; };
  options.config.training.updates = 4000;
  const auto stopped = run_puzzle_head(options);
  REQUIRE(stopped.error().code == Errc::kInterrupted);
  REQUIRE(stopped.error().message.find(" --resume") != std::string::npos);
  stop = false;
  options.show = [](const Report&) {};
  options.resume = true;
  const auto end = run_puzzle_head(options);
  REQUIRE(end.has_value());
  const PuzzleModel made = parse_puzzle_model(end->model, "the run's").value();
  REQUIRE(made.parameters == plain_loop(options.config).parameters);
}

TEST_CASE("a run stopped at its very end checks no more when it goes on", "[puzzle_head]") {
  const TemporaryFolder folder;
  PuzzleHeadOptions options = tiny(folder.path("run"));
  std::atomic<bool> stop = false;
  options.stop = stop;
  options.show = [&stop](const Report& report) {
    stop = stop || (report.row.step == 110 && report.row.values.count("solved") > 0);
  };
  const auto stopped = run_puzzle_head(options);
  stop = false;
  options.resume = true;
  const auto end = stopped ? stopped : run_puzzle_head(options);  // it may have been quicker
  REQUIRE(end.has_value());
  REQUIRE(end->state.checks == 6);
  REQUIRE(end->state.newest.loss > 0);
}

}  // namespace
}  // namespace qstar

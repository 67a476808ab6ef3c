// Whole runs on a puzzle in this process: in lock-step the same as a loop without an actor, byte
// for byte.
#include <filesystem>

#include "actors/head.hpp"
#include "core/files.hpp"
#include "experiment/puzzle/cost_to_go.hpp"
#include "persistence/store.hpp"
#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace inference;
using namespace actors;
namespace {

using experiment::CostToGoConfig;

experiment::StageFunction only_cost_to_go(std::string_view kind) {
  return kind == "cost_to_go" ? experiment::cost_to_go_stage : nullptr;
}

CostToGoConfig& stage_of(HeadOptions& options) {
  return *options.config.stages.at(0).as<CostToGoConfig>();
}

HeadOptions tiny(const std::string& folder) {
  HeadOptions options;
  options.run_directory = folder;
  options.show = [](const ProgressUpdate&) {};
  options.stages = only_cost_to_go;
  options.config.environment = {.name = "lights_out", .size = 3};
  options.config.stages.emplace_back("cost_to_go");
  auto& config = stage_of(options);
  config.learner.network = {.first = 64, .second = 32, .blocks = 1};
  config.learner.scrambles = {.depth = 9, .batch = 64};
  config.learner.check_period = 20;
  config.learner.patience = 1;
  config.learner.check_moves = 9;
  config.updates = 110;
  return options;
}

// The whole of a run without an actor.
PuzzleModel plain_loop(HeadOptions options) {
  const auto puzzle = environment::make_puzzle(options.config.environment).value();
  const auto& config = stage_of(options);
  learning::PuzzleLearner learner = experiment::learner_of(options.config, config, puzzle).value();
  learning::Scrambles scrambles(puzzle, config.learner.scrambles,
                                experiment::scrambles_seed(options.config));
  for (std::uint64_t i = 0; learner.updates() < config.updates; ++i) {
    learner.update(scrambles.batch(i));
    if (learner.check_due()) learner.check();
  }
  return learner.model();
}

PuzzleModel model_in(const TemporaryFolder& folder) {
  const auto bytes = read_file(folder.path("run/model.safetensors"));
  REQUIRE(bytes);
  return parse_puzzle_model(*bytes, "the run's").value();
}

const nlohmann::json& figures_of(const nlohmann::json& report) {
  return report.at("results").at("cost_to_go");
}

TEST_CASE("a run in lock-step is a plain loop, byte for byte", "[puzzle_run]") {
  const TemporaryFolder folder;
  HeadOptions options = tiny(folder.path("run"));
  SECTION("with one network") {}
  SECTION("with double Q-learning") { stage_of(options).learner.double_q = true; }
  stage_of(options).checks_ahead = 0;
  options.config.engine.executors = 3;
  const auto report = run_head(options);
  REQUIRE(report.has_value());
  const PuzzleModel made = model_in(folder);
  REQUIRE(made.parameters == plain_loop(options).parameters);
  REQUIRE(made.metadata.at("updates") == "110");
  const auto& curve = figures_of(*report).at("curve");
  REQUIRE(curve.size() == 6);  // 20, 40, … 100, and one at the end
  REQUIRE(curve.back().at("updates") == 110);
  REQUIRE(report->at("stages").size() == 1);
  REQUIRE(report->at("stages")[0].at("kind") == "cost_to_go");
  REQUIRE_FALSE(report->contains("family"));  // of text
}

TEST_CASE("a run that orders batches ahead makes the updates it was asked for", "[puzzle_run]") {
  const TemporaryFolder folder;
  HeadOptions options = tiny(folder.path("run"));
  SECTION("with targets of the nodes") {}
  SECTION("with targets of the learner") { stage_of(options).learner.double_q = true; }
  const auto report = run_head(options);
  REQUIRE(report.has_value());
  const auto& figures = figures_of(*report);
  REQUIRE(figures.at("updates") == 110);
  REQUIRE(figures.at("examples") == 110 * 64);
  REQUIRE(figures.at("target_versions") == 7);  // patience 1: every check replaces it
  REQUIRE(model_in(folder).metadata.at("updates") == "110");
  const persistence::Store store =
      persistence::Store::open(folder.path("run/store"), persistence::Store::Mode::kRead).value();
  std::uint64_t records = 0;  // each is a group of its own
  REQUIRE(store.scan(0, [&](const AttemptGroup& group) {
    CHECK(group.group == records++);
    CHECK(group.attempts.size() == 1);
    return true;
  }));
  REQUIRE(store.stats()->trajectories == records);
  REQUIRE(records > 8);  // of the first check and of the last
  // Every step names its network, which is kept.
  const auto models = store.models();
  REQUIRE(models.has_value());
  REQUIRE(models->size() == 2);
  REQUIRE(std::filesystem::exists(
      folder.path("run/weights/" + models->at(0).hash.hex() + ".safetensors")));
}

TEST_CASE("a stopped run continues where it was", "[puzzle_run]") {
  const TemporaryFolder folder;
  HeadOptions options = tiny(folder.path("run"));
  stage_of(options).checks_ahead = 0;
  std::atomic<bool> stop = false;
  options.stop = stop;
  options.show = [&stop](const ProgressUpdate& update) { stop = stop || update.row.step >= 60; };
  stage_of(options).updates = 4000;
  const auto stopped = run_head(options);
  REQUIRE(stopped.error().code == Errc::kInterrupted);
  REQUIRE(stopped.error().message.find(" --resume") != std::string::npos);
  stop = false;
  options.show = [](const ProgressUpdate&) {};
  options.resume = true;
  REQUIRE(run_head(options).has_value());
  REQUIRE(model_in(folder).parameters == plain_loop(options).parameters);
}

TEST_CASE("a run stopped at its very end checks no more when it goes on", "[puzzle_run]") {
  const TemporaryFolder folder;
  HeadOptions options = tiny(folder.path("run"));
  std::atomic<bool> stop = false;
  options.stop = stop;
  options.show = [&stop](const ProgressUpdate& update) {
    stop = stop || (update.row.step == 110 && update.row.values.count("solved") > 0);
  };
  const auto stopped = run_head(options);
  stop = false;
  options.resume = true;
  const auto end = stopped ? stopped : run_head(options);  // it may have been quicker
  REQUIRE(end.has_value());
  REQUIRE(figures_of(*end).at("curve").size() == 6);
  REQUIRE(figures_of(*end).at("loss") > 0);
}

TEST_CASE("a finished run goes on from its save when its limit is raised", "[puzzle_run]") {
  const TemporaryFolder folder;
  HeadOptions options = tiny(folder.path("run"));
  stage_of(options).checks_ahead = 0;
  const auto first = run_head(options);
  REQUIRE(first.has_value());
  options.resume = true;
  stage_of(options).updates = 150;
  std::vector<std::uint64_t> steps;
  options.show = [&steps](const ProgressUpdate& update) {
    if (update.row.phase == "cost_to_go") steps.push_back(update.row.step);
  };
  const auto longer = run_head(options);
  REQUIRE(longer.has_value());
  REQUIRE_FALSE(steps.empty());
  CHECK(*std::min_element(steps.begin(), steps.end()) > 110);  // nothing is done twice
  const auto& figures = figures_of(*longer);
  CHECK(figures.at("updates") == 150);
  CHECK(figures.at("curve").size() == 8);
  CHECK(figures.at("cpu_seconds") > figures_of(*first).at("cpu_seconds"));
  CHECK(model_in(folder).metadata.at("updates") == "150");
  const auto written = read_file(folder.path("run/report.json"));
  CHECK(nlohmann::json::parse(written.value()) == *longer);
  stage_of(options).updates = 149;
  const auto fewer = run_head(options);
  REQUIRE(fewer.error().code == Errc::kConfig);
  CHECK(fewer.error().message.find("stages.cost_to_go.updates = 149") != std::string::npos);
}

TEST_CASE("a run whose stages this program lacks says so", "[puzzle_run]") {
  const TemporaryFolder folder;
  HeadOptions options = tiny(folder.path("run"));
  options.stages = [](std::string_view) -> experiment::StageFunction { return nullptr; };
  const auto report = run_head(options);
  REQUIRE(report.error().code == Errc::kConfig);
  CHECK(report.error().message.find("stages.cost_to_go: this program cannot run stages of kind "
                                    "cost_to_go") != std::string::npos);
}

}  // namespace
}  // namespace qstar

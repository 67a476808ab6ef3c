#include "actors/puzzle_head.hpp"

#include <fmt/format.h>

#include "actors/process/session_start.hpp"
#include "actors/stage_session.hpp"
#include "serving/report/puzzle_report.hpp"

namespace qstar::actors {
namespace {

const RunKind kPuzzleRun{
    "puzzle",
    "an experiment on a puzzle",
    {"training.updates", "training.cpu_seconds", "training.scramblers", "training.lease_seconds",
     "training.keep_weights_mb", "checkpoint.", "restart."}};

SessionConfig session_config_of(const experiment::PuzzleExperiment& config) {
  // Executors of a puzzle generate no text.
  return {{config.name, config.environment, config.training.scramblers, 1, config.restart},
          nullptr,
          config.checkpoint,
          config.training.lease_seconds,
          config.training.keep_weights_mb};
}

std::vector<std::pair<std::string, std::string>> final_files(
    const experiment::PuzzleExperiment& config, const experiment::TrainedCostToGo& result) {
  const auto report = make_puzzle_report(config, result.state);
  return {{"model.safetensors", result.model},
          {"report.md", serving::puzzle_report_markdown(report)},
          {"learning_curve.svg", serving::solved_curve_of(report)},
          {"report.json", report.dump(2) + "\n"}};
}

// What a run that was stopped has kept, in words.
std::string kept_text(StageFiles& files, const experiment::PuzzleTrainingConfig& training) {
  auto saved = files.load(experiment::kCostToGo);
  const auto state = saved ? experiment::load_cost_to_go_state(saved->parts["state"])
                           : Result<experiment::CostToGoState>(tl::unexpected(saved.error()));
  if (!state) return "nothing is saved yet: the training will start again";
  return fmt::format("saved: {} of {} updates", state->updates, training.updates);
}

// A session's training, which its thread owns together with the session.
struct Training {
  experiment::PuzzleExperiment config;
  std::shared_ptr<const environment::Puzzle> puzzle;
  experiment::TrainedCostToGo result;
};

}  // namespace

nlohmann::json make_puzzle_report(const experiment::PuzzleExperiment& config,
                                  const experiment::CostToGoState& run) {
  experiment::PuzzleExperiment copy = config;
  nlohmann::json last = run.newest;
  last["positions"] = config.learner.check_positions;
  last["moves"] = config.learner.check_moves;
  auto curve = run.curve.points;
  if (curve.empty() || curve.back().updates != run.newest.updates) curve.push_back(run.newest);
  return {{"name", config.name},
          {"puzzle", config.environment.name},
          {"seed", config.seed},
          {"config_hash", config_hash(describe_of(copy))},
          {"code_version", QSTAR_VERSION},
          {"final", last},
          {"curve", curve},
          {"network",
           {{"values", config.learner.network.values},
            {"first", config.learner.network.first},
            {"second", config.learner.network.second},
            {"blocks", config.learner.network.blocks}}},
          {"cost",
           {{"cpu_seconds", run.cpu_seconds},
            {"wall_seconds", run.times.now},
            {"learner_waited_seconds", run.times.stage_waited},
            {"executors_busy_seconds", run.times.executors_busy},
            {"executors_idle_seconds", run.times.executors_idle},
            {"peak_memory_bytes", peak_resident_bytes()},
            {"updates", run.updates},
            {"examples", run.examples},
            {"target_versions", run.target_version}}}};
}

Result<experiment::TrainedCostToGo> run_puzzle_head(const PuzzleHeadOptions& options) {
  if (auto possible = check(options); !possible) return tl::unexpected(possible.error());
  const auto puzzle = environment::make_puzzle(options.config.environment);
  if (!puzzle) return tl::unexpected(puzzle.error());
  auto gateway = start_gateway(options);
  if (!gateway) return tl::unexpected(gateway.error());
  auto directory = open_run(options, options.config, kPuzzleRun);
  if (!directory) return tl::unexpected(directory.error());
  const auto training =
      std::make_shared<Training>(Training{options.config, std::move(*puzzle), {}});
  const StagedRun run{
      session_config_of(options.config),
      [training](const experiment::StageHost& host) {
        return experiment::learn_cost_to_go(training->config, training->puzzle, host)
            .map([&](experiment::TrainedCostToGo&& result) {
              training->result = std::move(result);
            });
      },
      [&options](StageFiles& files) { return kept_text(files, options.config.training); }};
  if (auto done = run_staged(options, *directory, gateway->get(), run); !done)
    return tl::unexpected(done.error());
  if (auto written = directory->conclude(final_files(options.config, training->result)); !written)
    return tl::unexpected(written.error());
  return training->result;
}

}  // namespace qstar::actors

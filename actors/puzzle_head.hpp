// The process that leads a puzzle's run: `qstar train` of an experiment on a puzzle.
#pragma once

#include "actors/process/head_process.hpp"
#include "experiment/puzzle/cost_to_go.hpp"

namespace qstar::actors {

struct PuzzleHeadOptions : ProcessOptions {
  experiment::PuzzleExperiment config;
};

// Runs or resumes the experiment; restarts and errors as run_sessions() says.
Result<experiment::TrainedCostToGo> run_puzzle_head(const PuzzleHeadOptions& options);

// report.json of a run, as documented in README.md.
nlohmann::json make_puzzle_report(const experiment::PuzzleExperiment& config,
                                  const experiment::CostToGoState& run);

}  // namespace qstar::actors

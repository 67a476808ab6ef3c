// The process that leads a puzzle's run: `qstar train` of an experiment on a puzzle.
#pragma once

#include "actors/process/head_process.hpp"
#include "experiment/puzzle/cost_to_go.hpp"

namespace qstar {

struct PuzzleHeadOptions : ProcessOptions {
  PuzzleExperiment config;
};

// Runs or resumes the experiment; restarts and errors as run_sessions() says.
Result<TrainedCostToGo> run_puzzle_head(const PuzzleHeadOptions& options);

// report.json of a run, as documented in README.md.
nlohmann::json make_puzzle_report(const PuzzleExperiment& config, const CostToGoState& run);

}  // namespace qstar

#include "actors/puzzle_experiment.hpp"

#include <fmt/format.h>

namespace qstar {

void PuzzleTrainingConfig::describe(FieldVisitor& v) {
  v.value({"updates", "Optimiser steps after which the run ends", 1, 1e12}, updates);
  v.value({"cpu_seconds", "CPU seconds of all processes after which the run ends (0: no limit)", 0,
           1e9},
          cpu_seconds);
  v.value({"scramblers", "Scramblers per process: actors that generate examples", 1, 64},
          scramblers);
  v.value(
      {"batches_per_lease", "Batches that a scrambler generates and returns per lease", 1, 4096},
      batches_per_lease);
  v.value({"lease_seconds", "Seconds after which a lease without a result is handed out again", 1,
           86400},
          lease_seconds);
}

void ExampleReplayConfig::describe(FieldVisitor& v) {
  v.value({"capacity", "Batches that the buffer between scramblers and learner holds", 1, 1e6},
          capacity);
  v.value(
      {"staleness", "Target-network updates by which an example's targets may lag behind", 0, 1e6},
      staleness);
}

void PuzzleRecordConfig::describe(FieldVisitor& v) {
  v.value({"checks", "Checks of the learner between two records of greedy play (0: no records)", 0,
           1e9},
          checks);
  v.value({"positions", "Positions of the fixed set in each record", 1, 4096}, positions);
}

void PuzzleExperiment::describe(FieldVisitor& v) {
  v.value({"name", "Name of the run"}, name);
  v.value({"seed", "Random seed for the whole run", 0, 9e15}, seed);
  section(v, "environment", "Puzzle to be learned", environment);
  section(v, "learner", "Learning the cost to go from positions scrambled back from the goal",
          learner);
  section(v, "training", "Length of the training and distribution of its work", training);
  section(v, "replay", "Buffer of examples between scramblers and learner", replay);
  section(v, "record", "Greedy play recorded in the replay store", record);
  section(v, "checkpoint", "Checkpoints from which a run is resumed", checkpoint);
  section(v, "restart", "Restarts of failed actors", restart);
}

Status check(const PuzzleExperiment& config) {
  const auto puzzle = make_puzzle(config.environment);
  if (!puzzle) return tl::unexpected(puzzle.error());
  if (auto fits = check(config.learner, **puzzle); !fits) return fits;
  if (config.replay.capacity < config.training.batches_per_lease) {
    return fail(Errc::kConfig,
                fmt::format("replay.capacity = {} has no room for one lease: raise it to "
                            "at least training.batches_per_lease = {}",
                            config.replay.capacity, config.training.batches_per_lease));
  }
  return {};
}

Result<PuzzleLearner> learner_of(const PuzzleExperiment& config,
                                 std::shared_ptr<const Puzzle> puzzle) {
  return PuzzleLearner::make(std::move(puzzle), config.learner,
                             derive_seed(static_cast<std::uint64_t>(config.seed), "learner"));
}

Scrambles scrambles_of(const PuzzleExperiment& config, std::shared_ptr<const Puzzle> puzzle) {
  return {std::move(puzzle), config.learner.scrambles,
          derive_seed(static_cast<std::uint64_t>(config.seed), "scrambles")};
}

}  // namespace qstar

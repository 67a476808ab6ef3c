#include "actors/puzzle_experiment.hpp"

#include <fmt/format.h>

namespace qstar {

void PuzzleTrainingConfig::describe(FieldVisitor& v) {
  v.value({"updates", "optimiser steps until the run ends", 1, 1e12}, updates);
  v.value({"cpu_seconds", "of all processes until the run ends; 0: no limit", 0, 1e9}, cpu_seconds);
  v.value({"scramblers", "actors that make examples, a process", 1, 64}, scramblers);
  v.value({"batches_per_lease", "batches made and brought home together", 1, 4096},
          batches_per_lease);
  v.value({"lease_seconds", "before an unreported lease is handed out again", 1, 86400},
          lease_seconds);
}

void ExampleReplayConfig::describe(FieldVisitor& v) {
  v.value({"capacity", "batches between scramblers and learner", 1, 1e6}, capacity);
  v.value({"staleness", "renewals of the target network that examples may lag behind", 0, 1e6},
          staleness);
}

void PuzzleRecordConfig::describe(FieldVisitor& v) {
  v.value({"checks", "checks between records of greedy play; 0: no records", 0, 1e9}, checks);
  v.value({"positions", "of the fixed set, a record", 1, 4096}, positions);
}

void PuzzleExperiment::describe(FieldVisitor& v) {
  v.value({"name", "of the run"}, name);
  v.value({"seed", "of everything random", 0, 9e15}, seed);
  section(v, "environment", "the puzzle", environment);
  section(v, "learner", "Q or V from positions moves back from the goal", learner);
  section(v, "training", "how long, and by whom", training);
  section(v, "replay", "the examples between scramblers and learner", replay);
  section(v, "record", "greedy play that the store keeps", record);
  section(v, "checkpoint", "what a resumed run starts from", checkpoint);
  section(v, "restart", "of failed actors", restart);
}

Status check(const PuzzleExperiment& config) {
  const auto puzzle = make_puzzle(config.environment);
  if (!puzzle) return tl::unexpected(puzzle.error());
  if (auto fits = check(config.learner, **puzzle); !fits) return fits;
  if (config.replay.capacity < config.training.batches_per_lease) {
    return fail(Errc::kConfig,
                fmt::format("replay.capacity = {} has no room for one lease: raise it to "
                            "training.batches_per_lease = {} at least",
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

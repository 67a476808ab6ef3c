#include "experiment/puzzle/puzzle_experiment.hpp"

#include <fmt/format.h>

#include "learning/unused_settings.hpp"

namespace qstar::experiment {

void PuzzleTrainingConfig::describe(FieldVisitor& v) {
  v.value({"updates", "Number of optimiser steps until the run ends", 1, 1e12}, updates);
  v.value({"cpu_seconds",
           "End the run after this many CPU seconds of all its processes (0: no limit)", 0, 1e9},
          cpu_seconds);
  v.value({"scramblers", "Number of executors per process, which generate examples", 1, 64},
          scramblers);
  v.value({"batches_per_lease", "Number of batches generated per lease", 1, 4096},
          batches_per_lease);
  v.value({"lease_seconds",
           "Hand a lease out again when it is not reported after this many seconds", 1, 86400},
          lease_seconds);
  v.value({"keep_weights_mb",
           "Size in MiB below which the run keeps all published networks in weights/; of larger "
           "ones it "
           "keeps the newest two",
           0, 1e6},
          keep_weights_mb);
}

void ExampleReplayConfig::describe(FieldVisitor& v) {
  v.value({"capacity", "Largest number of batches generated ahead of the learner", 1, 1e6},
          capacity);
  v.value({"staleness",
           "Generate batches ahead over at most this many checks, each of which may update the "
           "target network (0: lock-step)",
           0, 32},
          staleness);
}

void PuzzleRecordConfig::describe(FieldVisitor& v) {
  v.value({"checks", "Number of checks between two records of greedy play (0: keep no records)", 0,
           1e9},
          checks);
  v.value({"positions", "Number of positions of the fixed set per record", 1, 4096}, positions);
}

void PuzzleExperiment::describe(FieldVisitor& v) {
  v.value({"name", "Name of the run"}, name);
  v.value({"seed", "Random seed of the whole run", 0, 9e15}, seed);
  section(v, "environment", "Puzzle to solve", environment);
  section(v, "learner", "Learner of Q or V from positions moves back from the goal", learner);
  section(v, "training", "Length of the run, and who works for it", training);
  section(v, "replay", "Examples generated ahead of the learner", replay);
  section(v, "record", "Records of greedy play in the store", record);
  section(v, "checkpoint", "Checkpoints, from which a run is resumed", checkpoint);
  section(v, "restart", "Restarts of failed actors", restart);
}

Status check(const PuzzleExperiment& config) {
  const auto puzzle = environment::make_puzzle(config.environment);
  if (!puzzle) return tl::unexpected(puzzle.error());
  if (auto fits = check(config.learner, **puzzle); !fits) return fits;
  if (config.replay.capacity < config.training.batches_per_lease) {
    return fail(Errc::kConfig,
                fmt::format("replay.capacity = {} has no room for one lease: raise it to at least "
                            "training.batches_per_lease = {}",
                            config.replay.capacity, config.training.batches_per_lease));
  }
  const learning::PuzzleLearnerConfig standard;
  const auto& learner = config.learner;
  const bool both = learner.network.values == "qv";
  constexpr const char* kNotBoth = "learner.network.values is not \"qv\"";
  learning::UnusedSettings unused;
  unused.want(both, "learner.taught_moves", learner.taught_moves, standard.taught_moves, kNotBoth);
  unused.want(both, "learner.value_weight", learner.value_weight, standard.value_weight, kNotBoth);
  return unused.status();
}

Result<learning::PuzzleLearner> learner_of(const PuzzleExperiment& config,
                                           std::shared_ptr<const environment::Puzzle> puzzle) {
  return learning::PuzzleLearner::make(
      std::move(puzzle), config.learner,
      derive_seed(static_cast<std::uint64_t>(config.seed), "learner"));
}

std::uint64_t scrambles_seed(const PuzzleExperiment& config) {
  return derive_seed(static_cast<std::uint64_t>(config.seed), "scrambles");
}

}  // namespace qstar::experiment

#include "experiment/puzzle/cost_to_go_config.hpp"

#include <fmt/format.h>

#include "learning/unused_settings.hpp"

namespace qstar::experiment {

void PuzzleRecordConfig::describe(FieldVisitor& v) {
  v.value({"checks", "Number of checks between two records of greedy play (0: keep no records)", 0,
           1e9},
          checks);
  v.value({"positions", "Number of positions of the fixed set per record", 1, 4096}, positions);
}

void CostToGoConfig::describe(FieldVisitor& v) {
  v.value({"updates", "Number of optimiser steps until the stage ends", 1, 1e12}, updates);
  v.value({"cpu_seconds",
           "End the stage after this many CPU seconds of all processes (0: no limit)", 0, 1e9},
          cpu_seconds);
  learner.describe(v);
  v.value({"batches_per_lease", "Number of batches generated per lease", 1, 4096},
          batches_per_lease);
  v.value({"batches_ahead", "Largest number of batches generated ahead of the learner", 1, 1e6},
          batches_ahead);
  v.value({"checks_ahead",
           "Generate batches ahead over at most this many checks, each of which may update the "
           "target network (0: lock-step)",
           0, 32},
          checks_ahead);
  section(v, "record", "Records of greedy play in the store", record);
}

Status CostToGoConfig::check(const Experiment& experiment, const std::string& key) const {
  const auto puzzle = environment::make_puzzle(experiment.environment);
  if (!puzzle) return tl::unexpected(puzzle.error());
  if (auto fits = qstar::learning::check(learner, **puzzle); !fits)
    return fail(fits.error().code, fmt::format("{}.{}", key, fits.error().message));
  if (batches_ahead < batches_per_lease)
    return fail(Errc::kConfig,
                fmt::format("{0}.batches_ahead = {1} has no room for one lease: raise it to at "
                            "least {0}.batches_per_lease = {2}",
                            key, batches_ahead, batches_per_lease));
  const learning::PuzzleLearnerConfig standard;
  const bool both = learner.network.values == "qv";
  const auto why = key + ".network.values is not \"qv\"";
  learning::UnusedSettings unused;
  unused.want(both, key + ".taught_moves", learner.taught_moves, standard.taught_moves, why);
  unused.want(both, key + ".value_weight", learner.value_weight, standard.value_weight, why);
  return unused.status();
}

const CostToGoConfig* cost_to_go_of(const Experiment& experiment) {
  const CostToGoConfig* found = nullptr;
  for (const auto* stage : experiment.active())
    if (const auto* config = stage->as<CostToGoConfig>()) found = config;
  return found;
}

Result<learning::PuzzleLearner> learner_of(const Experiment& experiment,
                                           const CostToGoConfig& config,
                                           std::shared_ptr<const environment::Puzzle> puzzle) {
  return learning::PuzzleLearner::make(
      std::move(puzzle), config.learner,
      derive_seed(static_cast<std::uint64_t>(experiment.seed), "learner"));
}

std::uint64_t scrambles_seed(const Experiment& experiment) {
  return derive_seed(static_cast<std::uint64_t>(experiment.seed), "scrambles");
}

}  // namespace qstar::experiment

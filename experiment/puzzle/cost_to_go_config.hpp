// The settings of the stage that trains a puzzle's network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "experiment/experiment.hpp"
#include "learning/cost_to_go/puzzle_learner.hpp"

namespace qstar::experiment {

struct PuzzleRecordConfig {
  std::int64_t checks = 10;    // between records of greedy play; 0: none are kept
  std::int64_t positions = 8;  // of the fixed set, per record
  void describe(FieldVisitor& v);
  friend bool operator==(const PuzzleRecordConfig&, const PuzzleRecordConfig&) = default;
};

struct CostToGoConfig {
  std::int64_t updates = 100'000;
  double cpu_seconds = 0;  // of all processes; 0: no limit
  learning::PuzzleLearnerConfig learner;
  std::int64_t batches_per_lease = 8;
  std::int64_t batches_ahead = 32;  // that are made or under way ahead of the learner
  std::int64_t checks_ahead = 1;    // checks ahead of the learner for which batches are made
  PuzzleRecordConfig record;
  void describe(FieldVisitor& v);
  std::vector<std::string> makes(const std::string& stage) const { return {stage}; }
  std::vector<std::string> limits() const { return {"updates", "cpu_seconds"}; }
  Status check(const Experiment& experiment, const std::string& key) const;
  friend bool operator==(const CostToGoConfig&, const CostToGoConfig&) = default;
};

// The settings of the experiment's last active stage that trains a puzzle's network; null: none
// does.
const CostToGoConfig* cost_to_go_of(const Experiment& experiment);

// The learner and the examples of the experiment's seed, the same in every process.
Result<learning::PuzzleLearner> learner_of(const Experiment& experiment,
                                           const CostToGoConfig& config,
                                           std::shared_ptr<const environment::Puzzle> puzzle);
std::uint64_t scrambles_seed(const Experiment& experiment);

}  // namespace qstar::experiment

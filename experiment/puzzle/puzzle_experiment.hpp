// An experiment on a puzzle: everything that its configuration file can set, with the defaults.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "environment/registry.hpp"
#include "experiment/run_settings.hpp"
#include "learning/cost_to_go/puzzle_learner.hpp"

namespace qstar::experiment {

struct PuzzleTrainingConfig {
  std::int64_t updates = 100'000;
  double cpu_seconds = 0;       // of all processes; 0: no limit
  std::int64_t scramblers = 1;  // executors per process
  std::int64_t batches_per_lease = 8;
  double lease_seconds = 60;          // until an unreported lease is handed out again
  std::int64_t keep_weights_mb = 10;  // published networks below this size are all kept
  void describe(FieldVisitor& v);
  friend bool operator==(const PuzzleTrainingConfig&, const PuzzleTrainingConfig&) = default;
};

struct ExampleReplayConfig {
  std::int64_t capacity = 32;  // batches that are made or under way ahead of the learner
  std::int64_t staleness = 1;  // checks ahead of the learner for which batches are made
  void describe(FieldVisitor& v);
  friend bool operator==(const ExampleReplayConfig&, const ExampleReplayConfig&) = default;
};

struct PuzzleRecordConfig {
  std::int64_t checks = 10;    // between records of greedy play; 0: none are kept
  std::int64_t positions = 8;  // of the fixed set, per record
  void describe(FieldVisitor& v);
  friend bool operator==(const PuzzleRecordConfig&, const PuzzleRecordConfig&) = default;
};

struct PuzzleExperiment {
  std::string name = "puzzle";
  std::int64_t seed = 1;
  environment::EnvironmentConfig environment{.name = "lights_out"};
  learning::PuzzleLearnerConfig learner;
  PuzzleTrainingConfig training;
  ExampleReplayConfig replay;
  PuzzleRecordConfig record;
  CheckpointConfig checkpoint;
  RestartConfig restart;
  void describe(FieldVisitor& v);
  friend bool operator==(const PuzzleExperiment&, const PuzzleExperiment&) = default;
};

// What the fields' ranges cannot say. kConfig names the fields.
Status check(const PuzzleExperiment& config);

// The learner and the examples of the experiment's seed, the same in every process.
Result<learning::PuzzleLearner> learner_of(const PuzzleExperiment& config,
                                           std::shared_ptr<const environment::Puzzle> puzzle);
std::uint64_t scrambles_seed(const PuzzleExperiment& config);

}  // namespace qstar::experiment

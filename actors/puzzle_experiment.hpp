// An experiment on a puzzle: everything that its configuration file says, with its defaults.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/experiment.hpp"
#include "learning/puzzle_learner.hpp"

namespace qstar {

struct PuzzleTrainingConfig {
  std::int64_t updates = 100'000;  // in all
  double cpu_seconds = 0;          // of all processes, after which the run ends, too; 0: no limit
  std::int64_t scramblers = 1;     // a process
  std::int64_t batches_per_lease = 8;  // made and brought home together
  double lease_seconds = 60;           // until an unreported lease is handed out again
  void describe(FieldVisitor& v);
  friend bool operator==(const PuzzleTrainingConfig&, const PuzzleTrainingConfig&) = default;
};

struct ExampleReplayConfig {
  std::int64_t capacity = 32;  // batches between scramblers and learner, leases under way included
  std::int64_t staleness = 1;  // target-network updates by which targets may lag
  void describe(FieldVisitor& v);
  friend bool operator==(const ExampleReplayConfig&, const ExampleReplayConfig&) = default;
};

struct PuzzleRecordConfig {
  std::int64_t checks = 10;    // between records of greedy play; 0: none are kept
  std::int64_t positions = 8;  // of the fixed set, a record
  void describe(FieldVisitor& v);
  friend bool operator==(const PuzzleRecordConfig&, const PuzzleRecordConfig&) = default;
};

struct PuzzleExperiment {
  std::string name = "puzzle";
  std::int64_t seed = 1;
  EnvironmentConfig environment{.name = "lights_out"};
  PuzzleLearnerConfig learner;
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
Result<PuzzleLearner> learner_of(const PuzzleExperiment& config,
                                 std::shared_ptr<const Puzzle> puzzle);
Scrambles scrambles_of(const PuzzleExperiment& config, std::shared_ptr<const Puzzle> puzzle);

}  // namespace qstar

// Settings that every stage of an experiment shares: limits of attempts and evaluations, the
// engine, the store, checkpoints and restarts.
#pragma once

#include <cstdint>

#include "core/config.hpp"

namespace qstar::experiment {

// How problems are attempted, in every stage.
struct AttemptConfig {
  std::int64_t max_tokens = 64;
  std::int64_t keep_groups = 0;  // groups per round or search that the store keeps; 0: all
  void describe(FieldVisitor& v);
  friend bool operator==(const AttemptConfig&, const AttemptConfig&) = default;
};

struct EvaluationConfig {
  std::int64_t problems = 2000;       // held out, for every reported accuracy
  std::int64_t curve_problems = 500;  // held out, for each point of a learning curve
  void describe(FieldVisitor& v);
  friend bool operator==(const EvaluationConfig&, const EvaluationConfig&) = default;
};

// Execution of tasks.
struct EngineConfig {
  std::int64_t executors = 2;         // per process; the results do not depend on it
  std::int64_t slots = 256;           // text: sequences that a decoder generates at once
  double lease_seconds = 120;         // until a task that has no result is handed out again
  std::int64_t keep_weights_mb = 10;  // published models below this size are all kept in weights/
  void describe(FieldVisitor& v);
  void describe_text(FieldVisitor& v);
  friend bool operator==(const EngineConfig&, const EngineConfig&) = default;
};

struct StoreConfig {
  std::int64_t capacity = 1'000'000;  // attempt groups; the oldest are evicted
  bool sync = false;                  // to survive a loss of power, too
  void describe(FieldVisitor& v);
  friend bool operator==(const StoreConfig&, const StoreConfig&) = default;
};

struct CheckpointConfig {
  std::int64_t keep = 3;
  double seconds = 15;  // between checkpoints
  void describe(FieldVisitor& v);
  friend bool operator==(const CheckpointConfig&, const CheckpointConfig&) = default;
};

// See restart_policy.hpp.
struct RestartConfig {
  std::int64_t max_failures = 5;  // within the forgiving period; then the run ends with an error
  double first_delay = 0.1;       // seconds before the first restart
  double max_delay = 10;          // seconds
  double forgive_after = 60;      // seconds without a failure
  void describe(FieldVisitor& v);
  friend bool operator==(const RestartConfig&, const RestartConfig&) = default;
};

}  // namespace qstar::experiment

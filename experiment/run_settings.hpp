// Settings that every kind of experiment has: saves of the stage under way, and restarts.
#pragma once

#include <cstdint>

#include "core/config.hpp"

namespace qstar::experiment {

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

// What a puzzle's run reports while it trains. A figure that is not measured yet is a dash in a
// line, null in the status, and not in a row. Pure; its coordinator holds one.
#pragma once

#include <optional>
#include <string>

#include "actors/messages.hpp"
#include "actors/progress.hpp"
#include "actors/puzzle_experiment.hpp"
#include "actors/puzzle_run_state.hpp"

namespace qstar {

// What is under way, beside the counters of the run.
struct PuzzleQueues {
  std::int64_t leases_outstanding = 0;
  std::int64_t scramblers_waiting = 0;
  std::int64_t batches_held = 0;  // made and not yet fitted
};

// Done so far, in [0, 1], by whichever limit is nearer.
double share_done(const PuzzleRunState& run, const PuzzleExperiment& config, double cpu_seconds);

class PuzzleProgress {
 public:
  explicit PuzzleProgress(const PuzzleExperiment& config) : config_(config) {}

  // After a slice; `now` in seconds. The row has the solved share when the slice ended in a check.
  Report trained(const PuzzleRunState& run, const PuzzleTrained& slice, const PuzzleQueues& queues,
                 double cpu_seconds, double now);
  // {"phase","progress","versions","queues","staleness","figures"}, see serving/README.md.
  std::string status(const PuzzleRunState& run, const PuzzleQueues& queues,
                     double cpu_seconds) const;

 private:
  PuzzleExperiment config_;
  Pace examples_, share_;
};

}  // namespace qstar

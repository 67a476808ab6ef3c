// What a run says of itself while it goes on: lines for people, rows for files, the status of the
// gateway. Pure; the coordinator holds one.
#pragma once

#include <string>

#include "actors/experiment.hpp"
#include "actors/messages.hpp"
#include "actors/run_state.hpp"

namespace qstar {

// How fast something goes on since the first mark.
class Pace {
 public:
  // `done` is done at `now` (seconds). Per second since the first call; 0 while there is no rate
  // yet.
  double rate(double now, double done);

 private:
  double first_now_ = 0, first_done_ = -1;
};

// What is under way, beside the counters of the run.
struct Queues {
  std::int64_t leases_outstanding = 0;
  std::int64_t rollouts_waiting = 0;
  std::int64_t evaluations = 0;
};

class Progress {
 public:
  explicit Progress(const ExperimentConfig& config) : config_(config) {}

  // After a slice of pre-training that took `seconds`.
  Report pretrained(const RunState& run, const Trained& slice, double seconds) const;
  // After a version. Remembers the staleness of what was trained on.
  Report trained(const RunState& run, const Trained& version, const ReplayStatus& replay,
                 const Queues& queues, double now);
  Report criticised(const RunState& run, double loss) const;
  static Report evaluated(const std::string& what, bool sampled, std::uint64_t version,
                          const Evaluated& figures);

  // {"phase","progress","versions","queues","staleness","figures"}, see serving/README.md.
  std::string status(const RunState& run, const ReplayStatus& replay, const Queues& queues) const;

 private:
  ExperimentConfig config_;
  Pace versions_, tokens_;
  double staleness_ = 0;  // mean versions between an attempt and the weights trained on it
};

// Keeps an evaluation for the report: `what` is "base", "curve" or "final"; `point` says when it
// was ordered, for the learning curve.
void record(RunState& run, const std::string& what, bool sampled, nlohmann::json point,
            const Evaluated& figures);

}  // namespace qstar

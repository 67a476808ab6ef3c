// What a run reports while it trains: lines for people, rows for files, the status of the gateway.
// A figure that is not measured yet is a dash in a line, null in the status, and not in a row.
// Pure; the coordinator holds one.
#pragma once

#include <optional>
#include <string>

#include "actors/experiment.hpp"
#include "actors/messages.hpp"
#include "actors/run_state.hpp"

namespace qstar {

// The rate of something since the first mark.
class Pace {
 public:
  // `done` is done at `now` (seconds). Per second since the first call; 0 while there is no rate
  // yet.
  double rate(double now, double done);

 private:
  double first_now_ = 0, first_done_ = -1;
};

// "0.912", or a dash for what is not measured.
std::string figure(const std::optional<double>& value, int digits = 3);
// "45 s left", "12 min left", "3.5 h left"; empty while there is no rate. `rest` and `rate` in the
// same unit, per second.
std::string time_left(double rest, double rate);

// What is under way, beside the counters of the run.
struct Queues {
  std::int64_t leases_outstanding = 0;
  std::int64_t executors_waiting = 0;
  std::int64_t evaluations = 0;
};

class Progress {
 public:
  explicit Progress(const ExperimentConfig& config) : config_(config) {}

  // After a slice of pre-training that took `seconds`.
  Report pretrained(const RunState& run, const Trained& slice, double seconds) const;
  // After a version. Remembers how stale the attempts were that it was trained on.
  Report trained(const RunState& run, const Trained& version, const ReplayStatus& replay,
                 const Queues& queues, double now);
  // `loss`: of the critic's last updates, if there were any.
  Report criticised(const RunState& run, const std::optional<double>& loss) const;
  static Report evaluated(const std::string& what, bool sampled, std::uint64_t version,
                          const Evaluated& figures);

  // {"phase","progress","versions","queues","staleness","figures"}, see serving/README.md.
  std::string status(const RunState& run, const ReplayStatus& replay, const Queues& queues) const;

 private:
  ExperimentConfig config_;
  Pace versions_, tokens_;
  // Mean versions between an attempt and the weights trained on it.
  std::optional<double> staleness_;
};

// Keeps an evaluation for the report: `what` is "base", "curve" or "final"; `point` says when it
// was ordered, for the learning curve.
void record(RunState& run, const std::string& what, bool sampled, nlohmann::json point,
            const Evaluated& figures);

}  // namespace qstar

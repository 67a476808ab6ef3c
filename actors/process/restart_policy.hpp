// When a failed actor is started again, and when the run gives up.
//
// Pure: failures and times in, a delay or nothing out. Exponential back-off; a quiet period
// forgives earlier failures.
#pragma once

#include <cstdint>
#include <optional>

#include "experiment/run_settings.hpp"

namespace qstar::actors {

class RestartPolicy {
 public:
  explicit RestartPolicy(const experiment::RestartConfig& config) : config_(config) {}
  // Notes a failure at `now` (seconds). The delay before the restart, or nothing: give up.
  std::optional<double> failed(double now);
  std::int64_t failures() const { return failures_; }

 private:
  experiment::RestartConfig config_;
  std::int64_t failures_ = 0;
  double last_ = 0;
};

}  // namespace qstar::actors

// When a failed actor is started again, and when the run gives up.
//
// Pure: failures and times in, a delay or nothing out. Exponential back-off; a quiet period
// forgives earlier failures.
#pragma once

#include <cstdint>
#include <optional>

#include "core/config.hpp"

namespace qstar {

struct RestartConfig {
  std::int64_t max_failures = 5;  // within the forgiving period; then the run ends with an error
  double first_delay = 0.1;       // seconds before the first restart
  double max_delay = 10;          // seconds
  double forgive_after = 60;      // seconds without a failure
  void describe(FieldVisitor& v) {
    v.value({"max_failures", "failures within forgive_after before the run gives up", 0, 1000},
            max_failures);
    v.value({"first_delay", "seconds before the first restart; doubles each time", 0, 60},
            first_delay);
    v.value({"max_delay", "seconds before a restart at most", 0, 3600}, max_delay);
    v.value({"forgive_after", "seconds without a failure after which earlier ones are forgotten", 0,
             86400},
            forgive_after);
  }
  friend bool operator==(const RestartConfig&, const RestartConfig&) = default;
};

class RestartPolicy {
 public:
  explicit RestartPolicy(const RestartConfig& config) : config_(config) {}
  // Notes a failure at `now` (seconds). The delay before the restart, or nothing: give up.
  std::optional<double> failed(double now);
  std::int64_t failures() const { return failures_; }

 private:
  RestartConfig config_;
  std::int64_t failures_ = 0;
  double last_ = 0;
};

}  // namespace qstar

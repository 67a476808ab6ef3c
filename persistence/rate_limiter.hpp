// Keeps the number of samples per insert within a band, and says who waits for whom.
//
// After Reverb's SampleToInsertRatio (Cassirer et al. 2021, section 3.4). Pure: it is given counts
// and answers whether more are allowed.
#pragma once

#include <cstdint>
#include <string>

#include "core/config.hpp"
#include "core/result.hpp"

namespace qstar {

struct RateLimiterConfig {
  double samples_per_insert = 4;  // the ratio to aim at
  double tolerance = 1024;        // allowed |samples − ratio·inserts|, in samples
  std::int64_t min_size = 256;    // inserts before the first sample
  void describe(FieldVisitor& v);
  friend bool operator==(const RateLimiterConfig&, const RateLimiterConfig&) = default;
};

class RateLimiter {
 public:
  explicit RateLimiter(const RateLimiterConfig& config) : config_(config) {}
  bool may_insert(std::int64_t n = 1) const;  // would inserting n items stay in the band?
  bool may_sample(std::int64_t n = 1) const;
  void inserted(std::int64_t n) { inserts_ += n; }
  void sampled(std::int64_t n) { samples_ += n; }
  std::int64_t inserts() const { return inserts_; }
  std::int64_t samples() const { return samples_; }
  // "learner waits for rollouts", "rollouts wait for the learner", or "" when nobody does.
  std::string who_waits() const;
  std::string save() const;
  Status restore(std::string_view bytes);  // kCorrupt

 private:
  RateLimiterConfig config_;
  std::int64_t inserts_ = 0;
  std::int64_t samples_ = 0;
};

}  // namespace qstar

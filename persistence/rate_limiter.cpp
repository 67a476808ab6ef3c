#include "persistence/rate_limiter.hpp"

#include "persistence/bytes.hpp"

namespace qstar {

void RateLimiterConfig::describe(FieldVisitor& v) {
  v.value({"samples_per_insert", "Number of samples per inserted group to aim at; 0: nobody waits",
           0, 1e6},
          samples_per_insert);
  v.value({"tolerance", "Number of samples by which that ratio may be missed", 0, 1e9}, tolerance);
  v.value({"min_size", "Number of groups inserted before the first sample", 1, 1e9}, min_size);
}

// Samples behind what the inserts call for; negative when ahead.
static double deficit(const RateLimiterConfig& config, std::int64_t inserts, std::int64_t samples) {
  const auto counted = static_cast<double>(inserts - config.min_size);
  return config.samples_per_insert * counted - static_cast<double>(samples);
}

bool RateLimiter::may_insert(std::int64_t n) const {
  if (config_.samples_per_insert <= 0 || inserts_ + n <= config_.min_size) return true;
  return deficit(config_, inserts_ + n, samples_) <= config_.tolerance;
}

bool RateLimiter::may_sample(std::int64_t n) const {
  if (inserts_ < config_.min_size) return false;
  if (config_.samples_per_insert <= 0) return true;
  return deficit(config_, inserts_, samples_ + n) >= -config_.tolerance;
}

std::string RateLimiter::who_waits() const {
  if (!may_sample()) return "learner waits for rollouts";
  if (!may_insert()) return "rollouts wait for the learner";
  return "";
}

std::string RateLimiter::save() const {
  std::string out;
  append_raw(out, inserts_);
  append_raw(out, samples_);
  return out;
}

Status RateLimiter::restore(std::string_view bytes) {
  std::int64_t inserts = 0, samples = 0;
  if (!take_raw(bytes, inserts) || !take_raw(bytes, samples) || !bytes.empty() || inserts < 0 ||
      samples < 0) {
    return fail(Errc::kCorrupt, "the saved rate limiter is damaged");
  }
  inserts_ = inserts;
  samples_ = samples;
  return {};
}

}  // namespace qstar

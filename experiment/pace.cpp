#include "experiment/pace.hpp"

#include <fmt/format.h>

namespace qstar::experiment {

std::string figure(const std::optional<double>& value, int digits) {
  return value ? fmt::format("{:.{}f}", *value, digits) : "-";
}

std::string time_left(double rest, double rate) {
  if (!(rate > 0)) return "";
  const double seconds = rest / rate;
  if (seconds < 120) return fmt::format("{:.0f} s left", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min left", seconds / 60);
  return fmt::format("{:.1f} h left", seconds / 3600);
}

double Pace::rate(double now, double done) {
  if (first_done_ < 0) {
    first_now_ = now;
    first_done_ = done;
  }
  return now > first_now_ ? (done - first_done_) / (now - first_now_) : 0;
}

}  // namespace qstar::experiment

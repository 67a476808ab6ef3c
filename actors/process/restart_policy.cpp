#include "actors/process/restart_policy.hpp"

#include <algorithm>
#include <cmath>

namespace qstar::actors {

std::optional<double> RestartPolicy::failed(double now) {
  if (failures_ > 0 && now - last_ > config_.forgive_after) failures_ = 0;
  last_ = now;
  if (++failures_ > config_.max_failures) return std::nullopt;
  return std::min(config_.max_delay,
                  config_.first_delay * std::pow(2.0, static_cast<double>(failures_ - 1)));
}

}  // namespace qstar::actors

// How fast something goes, and how figures are shown to people.
#pragma once

#include <optional>
#include <string>

namespace qstar::experiment {

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

}  // namespace qstar::experiment

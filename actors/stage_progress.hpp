// A stage's progress as a line for people, a row of metrics and the status of the gateway. Pure.
#pragma once

#include <string>

#include "actors/messages.hpp"
#include "actors/progress.hpp"
#include "experiment/stage_host.hpp"

namespace qstar {

class StageReports {
 public:
  // `now` in seconds.
  Report report(const StageProgress& progress, double now);

 private:
  std::string stage_;
  Pace pace_, examples_;
};

}  // namespace qstar

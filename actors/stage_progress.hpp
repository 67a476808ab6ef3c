// A stage's progress as a line for people, a row of metrics and the status of the gateway. Pure.
#pragma once

#include <map>
#include <string>

#include "actors/engine/task_pool.hpp"
#include "actors/messages.hpp"
#include "experiment/pace.hpp"
#include "experiment/stage_host.hpp"

namespace qstar::actors {

class ProgressDisplay {
 public:
  // `occupancy`: of the executors; `now` in seconds.
  ProgressUpdate update(const experiment::StageProgress& progress, const Occupancy& occupancy,
                        double now);

 private:
  std::string stage_;
  experiment::Pace pace_;
  std::map<std::string, experiment::Pace> rates_;  // by what is counted
  std::map<std::string, double> newest_;           // figures of the stage
};

}  // namespace qstar::actors

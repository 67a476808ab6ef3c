// Supervision of the actors of one process that work for a coordinator.
//
// When one of the actors fails, the supervisor restarts all of them (they hold each other's handles
// and no state worth keeping), with delays by RestartPolicy. It ends when the coordinator has no
// more work, when the coordinator ends, or when the policy gives up.
#pragma once

#include <functional>
#include <vector>

#include "actors/actors.hpp"
#include "experiment/run_settings.hpp"

namespace qstar::actors {

// `start` spawns the actors; each ends without an error when no work is left. `ended` is called
// once, with an error when the end was not regular: kNetwork when the coordinator is gone,
// kActorFailed when the policy gave up.
struct SupervisorOptions {
  experiment::RestartConfig restart;
  std::function<std::vector<caf::actor>(caf::actor_system&)> start;
  std::function<void(const Status&)> ended;
};
caf::actor spawn_supervisor(caf::actor_system& system, SupervisorOptions options,
                            const caf::actor& coordinator);

}  // namespace qstar::actors

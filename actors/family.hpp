// Supervision of the actors of one process that work for a coordinator.
//
// The supervisor restarts the whole little family when one of it fails (they hold each other's
// handles and no state worth keeping), with back-off by RestartPolicy. It ends when the coordinator
// says that there is no more work, when the coordinator dies, or when the policy gives up.
#pragma once

#include <functional>
#include <vector>

#include "actors/actors.hpp"

namespace qstar {

struct Family {
  std::vector<caf::actor> workers;  // each ends without an error when there is no more work
  std::vector<caf::actor> helpers;  // serve the workers and end with them
};

// `start` spawns the family, each time afresh. `ended` is called once; an error says
// why it was no regular end: kNetwork, the coordinator is gone; kActorFailed, the policy gave
// up.
struct FamilyOptions {
  RestartConfig restart;
  std::function<Family(caf::actor_system&)> start;
  std::function<void(const Status&)> ended;
};
caf::actor spawn_family(caf::actor_system& system, FamilyOptions options,
                        const caf::actor& coordinator);

}  // namespace qstar

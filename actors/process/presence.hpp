// A worker's stand-in towards the head: it introduces the worker and lives as long as the worker
// works. The head watches it (see roster.hpp): its end says why the worker left.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "actors/actors.hpp"

namespace qstar::actors {

// `welcome` is fulfilled once: kNetwork when the head refused or went away, kTimeout when it did
// not answer within a minute.
caf::actor spawn_presence(caf::actor_system& system, const JoinActor& head, std::string name,
                          std::shared_ptr<std::promise<Result<Welcome>>> welcome);

// Ends it with a reason for the head to show; returns when the reason is on its way, at most 0.7
// seconds later.
void leave(caf::actor_system& system, const caf::actor& presence, const caf::error& reason);

}  // namespace qstar::actors

// Who works for a run from other processes: names every worker that joins or leaves.
//
// A worker is there for as long as the actor that introduced it (see presence.hpp) lives; when the
// connection is lost, CAF reports that actor as down.
#pragma once

#include <string>

#include "actors/actors.hpp"

namespace qstar::actors {

// A coordinator sends this when a worker has introduced itself through that actor.
struct Arrival {
  std::string node;
  caf::strong_actor_ptr presence;
};

// A coordinator sends this when its session has ended and the head stops its workers.
struct SessionEnds {};

// The phase of the roster's updates: "workers". Their step counts arrivals, `connected` is how many
// workers there are now.
inline constexpr const char* kWorkersPhase = "workers";

using RosterActor = caf::typed_actor<caf::reacts_to<Arrival>, caf::reacts_to<SessionEnds>>;

// Reports arrivals and departures to `metrics`, and ends with the coordinator. Lost connections
// are no news once the session ends or `stop` says so: the head stops its workers.
RosterActor spawn_roster(caf::local_actor& coordinator, const MetricsActor& metrics, Stop stop);

// A name that a peer gave itself, safe to show: printable, and at most 64 characters.
std::string shown_name(const std::string& name);

}  // namespace qstar::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::actors::Arrival)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::actors::SessionEnds)

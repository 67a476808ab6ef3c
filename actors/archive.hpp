// The replay store as an actor that only writes: the stages of a story pass their attempts on
// directly, without sampling from it.
#pragma once

#include <memory>
#include <span>

#include "actors/interfaces.hpp"
#include "persistence/store.hpp"

namespace qstar {

// Stores groups; acknowledges them when they are durable.
using ArchiveActor = caf::typed_actor<caf::replies_to<Insert>::with<Inserted>>;

ArchiveActor spawn_archive(caf::actor_system& system, std::shared_ptr<Store> store);
// Waits until the groups are durable.
Status archive(caf::actor_system& system, const ArchiveActor& archive,
               std::span<const AttemptGroup> groups);

}  // namespace qstar

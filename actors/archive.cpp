#include "actors/archive.hpp"

#include "actors/actors.hpp"

namespace qstar {
namespace {

ArchiveActor::behavior_type behavior(ArchiveActor::pointer self,
                                     const std::shared_ptr<Store>& store) {
  explain_exceptions(*self);
  return {[store](const Insert& message) -> caf::result<Inserted> {
    const auto fresh = store->insert(message.groups);
    if (!fresh) return to_caf(fresh.error());
    return Inserted{static_cast<std::int64_t>(fresh->size())};
  }};
}

}  // namespace

ArchiveActor spawn_archive(caf::actor_system& system, std::shared_ptr<Store> store) {
  return system.spawn<caf::detached>(behavior, std::move(store));
}

Status archive(caf::actor_system& system, const ArchiveActor& archive,
               std::span<const AttemptGroup> groups) {
  caf::scoped_actor self{system};
  Status status;
  self->request(archive, kEventually, Insert{{groups.begin(), groups.end()}})
      .receive([](const Inserted&) {},
               [&](const caf::error& error) { status = tl::unexpected(error_of(error)); });
  return status;
}

}  // namespace qstar

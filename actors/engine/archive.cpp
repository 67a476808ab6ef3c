#include "actors/engine/archive.hpp"

#include "actors/actors.hpp"
#include "core/sha256.hpp"

namespace qstar::actors {
namespace {

struct WriteNow {
  std::function<void()> act;
};

}  // namespace
}  // namespace qstar::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::actors::WriteNow)

namespace qstar::actors {

StoredGroups::StoredGroups(std::vector<std::uint64_t> ids, std::int64_t most) : most_(most) {
  if (most > 0) ids_.insert(ids.begin(), ids.end());
}

void StoredGroups::add(std::span<const std::uint64_t> fresh) {
  if (most_ > 0) ids_.insert(fresh.begin(), fresh.end());
}

std::vector<std::uint64_t> StoredGroups::leave() {
  std::vector<std::uint64_t> leaving;
  while (most_ > 0 && static_cast<std::int64_t>(ids_.size()) > most_) {
    leaving.push_back(*ids_.begin());
    ids_.erase(ids_.begin());
  }
  return leaving;
}

Result<Archive> Archive::make(caf::actor_system& system, std::shared_ptr<persistence::Store> store,
                              std::int64_t most_groups) {
  auto ids = most_groups > 0 ? store->group_ids() : std::vector<std::uint64_t>{};
  if (!ids) return tl::unexpected(ids.error());
  return Archive(system, std::move(store),
                 std::make_shared<StoredGroups>(std::move(*ids), most_groups));
}

Archive::Archive(caf::actor_system& system, std::shared_ptr<persistence::Store> store,
                 std::shared_ptr<StoredGroups> groups)
    : store_(std::move(store)),
      groups_(std::move(groups)),
      actor_(system.spawn<caf::detached>([](caf::event_based_actor* self) -> caf::behavior {
        explain_exceptions(*self);
        return {[](const WriteNow& write) { write.act(); }};
      })) {}

Status Archive::insert(std::string packed) {
  return write([store = store_, stored = groups_, packed = std::move(packed)]() -> Status {
    const auto fresh = store->insert(packed);
    if (!fresh) return tl::unexpected(fresh.error());
    stored->add(*fresh);
    return {};
  });
}

Status Archive::evict() {
  return write([store = store_, stored = groups_]() -> Status {
    const auto leaving = stored->leave();
    return leaving.empty() ? Status{} : store->erase(leaving);
  });
}

Result<AttemptGroup> Archive::stored(std::uint64_t group) {
  if (auto flushed = flush(); !flushed) return tl::unexpected(flushed.error());
  return store_->get(group);
}

Result<std::uint64_t> Archive::model_number(const experiment::ModelHash& model,
                                            std::string_view role, std::string_view label,
                                            std::uint64_t version) {
  return parse_sha256(model).and_then(
      [&](const Sha256& hash) { return store_->model_number(hash, role, label, version); });
}

Status Archive::write(std::function<Status()> act) {
  auto status = wait_until_at_most(kMost - 1);
  if (!status) return status;
  {
    const std::scoped_lock lock(shared_->mutex);
    ++shared_->under_way;
  }
  caf::anon_send(actor_, WriteNow{[shared = shared_, act = std::move(act)] {
                   const auto written = act();
                   const std::scoped_lock lock(shared->mutex);
                   --shared->under_way;
                   if (!written && shared->status) shared->status = written;
                   shared->changed.notify_all();
                 }});
  return {};
}

Status Archive::flush() { return wait_until_at_most(0); }

Status Archive::wait_until_at_most(int under_way) {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(lock, [&] { return shared_->under_way <= under_way || !shared_->status; });
  return shared_->status;
}

}  // namespace qstar::actors

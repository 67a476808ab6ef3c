#include "actors/archive.hpp"

#include "actors/actors.hpp"
#include "core/sha256.hpp"

namespace qstar {
namespace {

struct WriteNow {
  std::function<void()> act;
};

}  // namespace
}  // namespace qstar

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::WriteNow)

namespace qstar {

Archive::Archive(caf::actor_system& system, std::shared_ptr<Store> store)
    : store_(std::move(store)),
      actor_(system.spawn<caf::detached>([](caf::event_based_actor* self) -> caf::behavior {
        explain_exceptions(*self);
        return {[](const WriteNow& write) { write.act(); }};
      })) {}

Status Archive::insert(std::span<const AttemptGroup> groups) {
  if (groups.empty()) return write([] { return Status{}; });
  auto copy = std::make_shared<const std::vector<AttemptGroup>>(groups.begin(), groups.end());
  return write([store = store_, copy] { return store->insert(*copy).map([](const auto&) {}); });
}

Result<std::uint64_t> Archive::model_number(const ModelHash& model, std::string_view role,
                                            std::string_view label, std::uint64_t version) {
  return parse_sha256(model).and_then(
      [&](const Sha256& hash) { return store_->model_number(hash, role, label, version); });
}

Status Archive::write(std::function<Status()> act) {
  const auto status = wait_until_at_most(kMost - 1);
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

}  // namespace qstar

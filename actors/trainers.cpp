#include "actors/trainers.hpp"

#include <memory>

#include "core/out_of_memory.hpp"

namespace qstar::actors {
namespace {

struct Work {
  std::function<void()> act;
};

Status run_safely(const std::function<Status()>& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    if (const auto lack = lack_of(std::current_exception()); !lack.empty())
      return fail(Errc::kIo, std::string(lack));
    return fail(Errc::kActorFailed, e.what());
  }
}

caf::behavior trainer(caf::event_based_actor* self) {
  explain_exceptions(*self);
  return {[](const Work& work) { work.act(); }};
}

}  // namespace
}  // namespace qstar::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::actors::Work)

namespace qstar::actors {

std::future<Status> Trainers::run(const std::string& trainer, std::function<Status()> work) {
  auto& actor = trainers_[trainer];
  if (!actor) actor = system_.spawn<caf::detached>(qstar::actors::trainer);
  auto promise = std::make_shared<std::promise<Status>>();
  auto done = promise->get_future();
  caf::anon_send(actor,
                 Work{[promise, work = std::move(work)] { promise->set_value(run_safely(work)); }});
  return done;
}

std::vector<caf::actor> Trainers::actors() const {
  std::vector<caf::actor> all;
  for (const auto& [name, actor] : trainers_) all.push_back(actor);
  return all;
}

}  // namespace qstar::actors

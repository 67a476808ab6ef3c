#include "actors/process/supervisor.hpp"

#include <algorithm>
#include <utility>

#include "actors/process/restart_policy.hpp"
#include "core/clock.hpp"

namespace qstar::actors {
namespace {

// The error for the worker's user when the coordinator has ended; none if it ended normally.
Status why_ended(const caf::error& reason) {
  if (!reason || reason == caf::exit_reason::user_shutdown) return {};
  if (reason == caf::exit_reason::remote_link_unreachable)
    return fail(Errc::kNetwork, "the connection to the head was lost");
  return fail(Errc::kNetwork, "the head failed: " + error_of(reason).message);
}

struct SupervisorState {
  caf::event_based_actor* self = nullptr;
  SupervisorOptions options;
  caf::actor_addr coordinator;
  std::unique_ptr<RestartPolicy> restarts;
  std::vector<caf::actor> actors;

  void start() {
    actors = options.start(self->system());
    for (const auto& actor : actors) self->monitor(actor);
  }

  void down(const caf::down_msg& message) {
    if (message.source == coordinator) return finish(why_ended(message.reason));
    const auto ended = std::find_if(actors.begin(), actors.end(), [&](const auto& actor) {
      return actor.address() == message.source;
    });
    if (ended == actors.end()) return;
    if (!message.reason) {
      // One that ends without an error had received the message that no work is left.
      actors.erase(ended);
      if (actors.empty()) finish({});
      return;
    }
    end_all();
    const auto delay = restarts->failed(seconds_now());
    if (!delay) {
      return finish(fail(Errc::kActorFailed,
                         "an actor failed too often: " + error_of(message.reason).message));
    }
    self->delayed_send(self, std::chrono::milliseconds(static_cast<std::int64_t>(*delay * 1e3)),
                       caf::tick_atom::value);
  }

  void end_all() {
    for (const auto& actor : actors) {
      self->demonitor(actor);
      self->send_exit(actor, caf::exit_reason::kill);
    }
    actors.clear();
  }

  void finish(const Status& reason) {
    end_all();
    self->quit();
    std::exchange(options.ended, [](const Status&) {})(reason);
  }
};

caf::behavior supervisor(caf::stateful_actor<SupervisorState>* self, SupervisorOptions options,
                         const caf::actor& coordinator) {
  auto& state = self->state;
  state.self = self;
  state.restarts = std::make_unique<RestartPolicy>(options.restart);
  state.options = std::move(options);
  state.coordinator = coordinator.address();
  self->set_exception_handler([&state](std::exception_ptr& thrown) {
    caf::error why = explain(thrown);
    state.finish(fail(Errc::kActorFailed, error_of(why).message));
    return why;
  });
  self->set_down_handler([&state](const caf::down_msg& message) { state.down(message); });
  self->monitor(coordinator);
  state.start();
  return {[&state](caf::tick_atom) { state.start(); }};
}

}  // namespace

caf::actor spawn_supervisor(caf::actor_system& system, SupervisorOptions options,
                            const caf::actor& coordinator) {
  return system.spawn(supervisor, std::move(options), coordinator);
}

}  // namespace qstar::actors

#include "actors/node.hpp"

#include <set>

namespace qstar {
namespace {

// What a worker's user reads when the coordinator is gone: nothing if it ended in order.
Status why_ended(const caf::error& reason) {
  if (!reason || reason == caf::exit_reason::user_shutdown) return {};
  if (reason == caf::exit_reason::remote_link_unreachable)
    return fail(Errc::kNetwork, "the connection to the head is lost");
  return fail(Errc::kNetwork, "the head failed: " + error_of(reason).message);
}

struct NodeState {
  caf::event_based_actor* self = nullptr;
  NodeOptions options;
  CoordinatorActor coordinator;
  std::function<void(const Status&)> ended;
  std::unique_ptr<RestartPolicy> restarts;
  std::vector<caf::actor> family;
  std::set<caf::actor_addr> rollouts;

  void start() {
    auto& system = self->system();
    const auto& r = options.config.rollout;
    const auto inference = spawn_inference(system, coordinator, static_cast<std::int32_t>(r.slots));
    const auto verifier = spawn_verifier(system, options.environment);
    adopt(caf::actor_cast<caf::actor>(inference));
    adopt(caf::actor_cast<caf::actor>(verifier));
    const RolloutOptions rollout{options.name, options.config.name, options.config.environment.name,
                                 options.config.critic.updates_per_version > 0};
    for (std::int64_t i = 0; i < (options.one_rollout ? 1 : r.actors); ++i) {
      const auto actor = caf::actor_cast<caf::actor>(
          spawn_rollout(system, rollout, coordinator, inference, verifier));
      adopt(actor);
      rollouts.insert(actor.address());
    }
  }

  void adopt(const caf::actor& actor) {
    self->monitor(actor);
    family.push_back(actor);
  }

  void down(const caf::down_msg& message) {
    if (message.source == coordinator.address()) return finish(why_ended(message.reason));
    if (std::none_of(family.begin(), family.end(),
                     [&](const auto& a) { return a.address() == message.source; }))
      return;
    if (!message.reason) {
      // A rollout that ends without an error was told that there is no more work.
      rollouts.erase(message.source);
      if (rollouts.empty()) finish({});
      return;
    }
    dissolve();
    const auto delay = restarts->failed(seconds_now());
    if (!delay) {
      return finish(fail(Errc::kActorFailed,
                         "an actor failed too often: " + error_of(message.reason).message));
    }
    self->delayed_send(self, std::chrono::milliseconds(static_cast<std::int64_t>(*delay * 1e3)),
                       caf::tick_atom::value);
  }

  void dissolve() {
    for (const auto& actor : family) {
      self->demonitor(actor);
      self->send_exit(actor, caf::exit_reason::kill);
    }
    family.clear();
    rollouts.clear();
  }

  void finish(const Status& reason) {
    dissolve();
    ended(reason);
    self->quit();
  }
};

caf::behavior node(caf::stateful_actor<NodeState>* self, NodeOptions options,
                   const CoordinatorActor& coordinator, std::function<void(const Status&)> ended) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.restarts = std::make_unique<RestartPolicy>(options.config.restart);
  state.options = std::move(options);
  state.coordinator = coordinator;
  state.ended = std::move(ended);
  self->set_down_handler([&state](const caf::down_msg& message) { state.down(message); });
  self->monitor(coordinator);
  state.start();
  return {[&state](caf::tick_atom) { state.start(); }};
}

}  // namespace

caf::actor spawn_node(caf::actor_system& system, NodeOptions options,
                      const CoordinatorActor& coordinator,
                      std::function<void(const Status&)> ended) {
  return system.spawn(node, std::move(options), coordinator, std::move(ended));
}

}  // namespace qstar

#include "actors/node.hpp"

#include "actors/family.hpp"

namespace qstar {
namespace {

Family start(caf::actor_system& system, const NodeOptions& options,
             const CoordinatorActor& coordinator) {
  const auto& r = options.config.rollout;
  const auto inference = spawn_inference(system, coordinator, static_cast<std::int32_t>(r.slots));
  const auto verifier = spawn_verifier(system, options.environment);
  const RolloutOptions rollout{options.name, options.config.name, options.config.environment.name,
                               options.config.critic.updates_per_version > 0};
  Family family;
  family.helpers = {caf::actor_cast<caf::actor>(inference), caf::actor_cast<caf::actor>(verifier)};
  for (std::int64_t i = 0; i < (options.one_rollout ? 1 : r.actors); ++i) {
    family.workers.push_back(caf::actor_cast<caf::actor>(
        spawn_rollout(system, rollout, coordinator, inference, verifier)));
  }
  return family;
}

}  // namespace

caf::actor spawn_node(caf::actor_system& system, NodeOptions options,
                      const CoordinatorActor& coordinator,
                      std::function<void(const Status&)> ended) {
  const RestartConfig restart = options.config.restart;
  const auto begin = [options = std::move(options), coordinator](caf::actor_system& home) {
    return start(home, options, coordinator);
  };
  return spawn_family(system, {restart, begin, std::move(ended)},
                      caf::actor_cast<caf::actor>(coordinator));
}

}  // namespace qstar

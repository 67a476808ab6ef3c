// The rollouts of one process and what they need: inference, verifier, and a supervisor over them
// (family.hpp).
#pragma once

#include <functional>

#include "actors/actors.hpp"

namespace qstar {

struct NodeOptions {
  std::string name;  // of this process
  ExperimentConfig config;
  EnvironmentPtr environment;
  bool one_rollout = false;  // deterministic mode
};

// `ended` is called once: without an error after a regular end; kNetwork: the coordinator is gone;
// kActorFailed: an actor of the family failed too often.
caf::actor spawn_node(caf::actor_system& system, NodeOptions options,
                      const CoordinatorActor& coordinator,
                      std::function<void(const Status&)> ended);

}  // namespace qstar

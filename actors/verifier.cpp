// The exact verifier as an actor.
#include "actors/actors.hpp"

namespace qstar {
namespace {

Groups judge_all(const Environment& environment, Judge request) {
  for (auto& group : request.groups) {
    for (auto& attempt : group.attempts) {
      // An attempt that closed itself was marked by the rollout; judge() replaces the mark.
      const bool finished = attempt.outcome != Outcome::kUnfinished;
      judge(environment, finished, attempt);
    }
  }
  return {std::move(request.groups)};
}

VerifierActor::behavior_type verifier(VerifierActor::pointer, EnvironmentPtr environment) {
  return {[environment](Judge& request) { return judge_all(*environment, std::move(request)); }};
}

}  // namespace

VerifierActor spawn_verifier(caf::actor_system& system, EnvironmentPtr environment) {
  return system.spawn(verifier, std::move(environment));
}

}  // namespace qstar

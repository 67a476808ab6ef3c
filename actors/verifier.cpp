// The exact verifier as an actor.
#include "actors/actors.hpp"

namespace qstar {
namespace {

VerifierActor::behavior_type verifier(VerifierActor::pointer self, EnvironmentPtr environment) {
  explain_exceptions(*self);
  return {[environment](Judge& request) {
    judge(*environment, request.groups);
    return Groups{std::move(request.groups)};
  }};
}

}  // namespace

VerifierActor spawn_verifier(caf::actor_system& system, EnvironmentPtr environment) {
  return system.spawn(verifier, std::move(environment));
}

}  // namespace qstar

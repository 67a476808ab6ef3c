#include "story/unused_settings.hpp"

#include <algorithm>
#include <initializer_list>

#include "learning/unused_settings.hpp"

namespace qstar {
namespace {

bool runs_any_of(const StoryConfig& config, std::initializer_list<std::string_view> algorithms) {
  const auto listed = split(config.algorithms, ',');
  return std::any_of(algorithms.begin(), algorithms.end(), [&](std::string_view algorithm) {
    const bool compared =
        config.stages.rl && std::find(listed.begin(), listed.end(), algorithm) != listed.end();
    return compared || config.final_.algorithm == algorithm;
  });
}

}  // namespace

Status refuse_unused(const StoryConfig& config) {
  const StoryConfig standard;
  UnusedSettings unused;
  note_unused(config.verifiers.critic, standard.verifiers.critic, "verifiers.critic", unused);
  unused.want(false, "verifiers.critic.updates_per_version",
              config.verifiers.critic.updates_per_version,
              standard.verifiers.critic.updates_per_version,
              "a story trains its critic for verifiers.critic_updates updates");
  unused.want(runs_any_of(config, {"ppo"}), "rl.gae_lambda", config.rl.gae_lambda,
              standard.rl.gae_lambda, "only ppo uses it, and this story does not run ppo");
  unused.want(runs_any_of(config, {"ppo", "q_advantage"}), "rl.value_updates",
              config.rl.value_updates, standard.rl.value_updates,
              "only ppo and q_advantage use it, and this story runs neither");
  const auto& annotator = config.rlhf.annotator;
  unused.want(annotator.kind == "recorded", "rlhf.annotator.file", annotator.file,
              standard.rlhf.annotator.file, "rlhf.annotator.kind is \"simulated\"");
  unused.want(annotator.kind == "simulated", "rlhf.annotator.error_rate", annotator.error_rate,
              standard.rlhf.annotator.error_rate, "rlhf.annotator.kind is \"recorded\"");
  return unused.status();
}

}  // namespace qstar

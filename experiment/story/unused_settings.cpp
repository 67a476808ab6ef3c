#include "experiment/story/unused_settings.hpp"

#include <algorithm>
#include <initializer_list>

#include "learning/unused_settings.hpp"

namespace qstar::experiment {
namespace {

bool runs_any_of(const StoryConfig& config, std::initializer_list<std::string_view> algorithms) {
  const auto& listed = config.algorithms;
  return std::any_of(algorithms.begin(), algorithms.end(), [&](std::string_view algorithm) {
    const bool compared =
        config.stages.rl && std::find(listed.begin(), listed.end(), algorithm) != listed.end();
    return compared || config.final_.algorithm == algorithm;
  });
}

// What each algorithm reads of [rl.gradient]; dr_grpo and dapo bring values of their own for the
// rest. Learning from rankings runs grpo.
void note_unused_gradient(const StoryConfig& config, learning::UnusedSettings& unused) {
  const auto& given = config.rl.gradient;
  const learning::PolicyGradientConfig standard = StoryConfig().rl.gradient;
  const auto want = [&](std::initializer_list<std::string_view> readers, const std::string& name,
                        const auto& value, const auto& usual) {
    unused.want(config.stages.rlhf || runs_any_of(config, readers), "rl.gradient." + name, value,
                usual, "no algorithm of this story reads it");
  };
  want({"grpo"}, "baseline", given.baseline, standard.baseline);
  want({"grpo", "dr_grpo"}, "drop_equal", given.drop_equal, standard.drop_equal);
  want({"grpo", "dr_grpo"}, "overlong_ramp", given.overlong_ramp, standard.overlong_ramp);
  want({"grpo", "ppo", "q_advantage"}, "token_mean", given.token_mean, standard.token_mean);
  want({"grpo", "dr_grpo", "ppo", "q_advantage"}, "clip_low", given.clip_low, standard.clip_low);
  want({"grpo", "dr_grpo", "ppo", "q_advantage"}, "clip_high", given.clip_high, standard.clip_high);
  want({"grpo", "dr_grpo", "dapo", "ppo", "q_advantage"}, "entropy_weight", given.entropy_weight,
       standard.entropy_weight);
}

// Settings of the correction for attempts by older weights: refused where no policy gradient reads
// them, or where no round has such attempts.
void note_unused_correction(const StoryConfig& config, learning::UnusedSettings& unused) {
  const auto& given = config.rl.gradient;
  const learning::PolicyGradientConfig standard = StoryConfig().rl.gradient;
  const bool read =
      config.stages.rlhf || runs_any_of(config, {"grpo", "dr_grpo", "dapo", "ppo", "q_advantage"});
  const auto want = [&](const std::string& name, const auto& value, const auto& usual) {
    unused.want(read, "rl.gradient." + name, value, usual, "no algorithm of this story reads it");
  };
  want("correction", given.correction, standard.correction);
  want("importance_cap", given.importance_cap, standard.importance_cap);
  unused.want(learning::correction(given) == learning::Correction::kDecoupled,
              "rl.gradient.importance_cap", given.importance_cap, standard.importance_cap,
              "rl.gradient.correction is not \"decoupled\"");
  const bool stale = config.rl.staleness > 0;
  const char* fresh = "with rl.staleness = 0 no attempt is by older weights";
  unused.want(stale, "rl.gradient.correction", given.correction, standard.correction, fresh);
  unused.want(stale, "rl.gradient.importance_cap", given.importance_cap, standard.importance_cap,
              fresh);
}

}  // namespace

Status refuse_unused(const StoryConfig& config) {
  const StoryConfig standard;
  learning::UnusedSettings unused;
  learning::note_unused(config.verifiers.critic, standard.verifiers.critic, "verifiers.critic",
                        unused);
  unused.want(false, "verifiers.critic.updates_per_version",
              config.verifiers.critic.updates_per_version,
              standard.verifiers.critic.updates_per_version,
              "a story trains its critic for verifiers.critic_updates updates");
  unused.want(runs_any_of(config, {"ppo"}), "rl.gae_lambda", config.rl.gae_lambda,
              standard.rl.gae_lambda, "only ppo uses it, and this story does not run ppo");
  unused.want(runs_any_of(config, {"ppo", "q_advantage"}), "rl.value_updates",
              config.rl.value_updates, standard.rl.value_updates,
              "only ppo and q_advantage use it, and this story runs neither");
  note_unused_gradient(config, unused);
  note_unused_correction(config, unused);
  const auto& annotator = config.rlhf.annotator;
  unused.want(annotator.kind == "recorded", "rlhf.annotator.file", annotator.file,
              standard.rlhf.annotator.file, "rlhf.annotator.kind is \"simulated\"");
  unused.want(annotator.kind == "simulated", "rlhf.annotator.error_rate", annotator.error_rate,
              standard.rlhf.annotator.error_rate, "rlhf.annotator.kind is \"recorded\"");
  return unused.status();
}

}  // namespace qstar::experiment

#include "experiment/story/unused_settings.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::learning;

namespace {

Status checked(const std::vector<std::string>& overrides) {
  experiment::StoryConfig config;
  REQUIRE(parse_config("experiment = \"story\"", "test", overrides, describe_of(config)));
  return experiment::refuse_unused(config);
}

void refuses(const std::vector<std::string>& overrides, const std::string& key) {
  const auto status = checked(overrides);
  INFO(key);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Errc::kConfig);
  CHECK(status.error().message.find(key + " = ") == 0);
}

}  // namespace

TEST_CASE("settings of a story that no stage reads are refused", "[unused_settings]") {
  CHECK(checked({}));
  refuses({"verifiers.critic.steps=5"}, "verifiers.critic.steps");
  refuses({"verifiers.critic.updates_per_version=5"}, "verifiers.critic.updates_per_version");
  CHECK(checked({"rl.gae_lambda=0.5"}));
  refuses({"rl.gae_lambda=0.5", "algorithms=grpo"}, "rl.gae_lambda");
  CHECK(checked({"rl.gae_lambda=0.5", "algorithms=grpo", "final.algorithm=ppo"}));
  refuses({"rl.value_updates=2", "stages.rl=false"}, "rl.value_updates");
  CHECK(checked({"rl.value_updates=2", "algorithms=q_advantage"}));
  refuses({"rlhf.annotator.file=rankings.jsonl"}, "rlhf.annotator.file");
  refuses({"rlhf.annotator.kind=recorded", "rlhf.annotator.file=rankings.jsonl",
           "rlhf.annotator.error_rate=0.5"},
          "rlhf.annotator.error_rate");
}

TEST_CASE("settings of policy gradients that no algorithm of a story reads are refused",
          "[unused_settings]") {
  CHECK(checked({"rl.gradient.baseline=centred"}));  // learning from rankings runs grpo
  const auto alone = [](const std::string& setting, const std::string& algorithm) {
    return std::vector<std::string>{setting, "stages.rlhf=false", "algorithms=" + algorithm};
  };
  CHECK(checked(alone("rl.gradient.baseline=centred", "grpo")));
  refuses(alone("rl.gradient.baseline=leave_one_out", "dr_grpo"), "rl.gradient.baseline");
  refuses(alone("rl.gradient.token_mean=attempt", "dapo"), "rl.gradient.token_mean");
  CHECK(checked(alone("rl.gradient.token_mean=attempt", "ppo")));
  refuses(alone("rl.gradient.clip_high=0.5", "dapo"), "rl.gradient.clip_high");
  CHECK(checked(alone("rl.gradient.clip_low=0.1", "dr_grpo")));
  refuses(alone("rl.gradient.overlong_ramp=8", "ppo"), "rl.gradient.overlong_ramp");
  refuses(alone("rl.gradient.drop_equal=false", "dapo"), "rl.gradient.drop_equal");
  refuses(alone("rl.gradient.entropy_weight=0.1", "expert_iteration"),
          "rl.gradient.entropy_weight");
}

TEST_CASE("settings of the correction for older attempts that nothing reads are refused",
          "[unused_settings]") {
  for (const auto* name : {"grpo", "dr_grpo", "dapo", "ppo", "q_advantage"})
    CHECK(checked(
        {"rl.gradient.importance_cap=5", "stages.rlhf=false", std::string("algorithms=") + name}));
  CHECK(checked({"rl.gradient.correction=clipped"}));
  refuses({"rl.gradient.correction=none", "stages.rlhf=false", "algorithms=expert_iteration"},
          "rl.gradient.correction");
  refuses({"rl.gradient.importance_cap=5", "stages.rlhf=false", "stages.rl=false"},
          "rl.gradient.importance_cap");
  for (const std::string correction : {"clipped", "none"})
    refuses({"rl.gradient.importance_cap=5", "rl.gradient.correction=" + correction},
            "rl.gradient.importance_cap");
}

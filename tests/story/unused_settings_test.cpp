#include "story/unused_settings.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

Status checked(const std::vector<std::string>& overrides) {
  StoryConfig config;
  REQUIRE(parse_config("experiment = \"story\"", "test", overrides, describe_of(config)));
  return refuse_unused(config);
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

TEST_CASE("the cap on importance weights is no setting while nothing uses it",
          "[unused_settings]") {
  StoryConfig config;
  const std::vector<std::string> given = {"rl.gradient.importance_cap=5"};
  const auto parsed = parse_config("experiment = \"story\"", "test", given, describe_of(config));
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message.find("importance_cap") != std::string::npos);
}

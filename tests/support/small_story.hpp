// A story of sums small enough for unit tests: a tiny model that has learned nothing yet.
#pragma once

#include "environment/registry.hpp"
#include "experiment/story/stage.hpp"
#include "tests/support/models.hpp"

namespace qstar::testing {
using namespace experiment;

inline StoryConfig small_story_config() {
  StoryConfig config;
  config.environment = {.family = "custom",
                        .operators = "+",
                        .max_operand = 5,
                        .operator_counts = {1, 2},
                        .max_products = 0};
  config.model = {1, 16, 2, 64, 1000};
  config.pretrain.steps = 200;
  config.pretrain.rows = 8;
  config.pretrain.length = 32;
  config.attempts = {.max_tokens = 16, .slots = 16, .processors = 1};
  config.measure = {20, 20, 10};
  config.sft = {.solutions = 10, .steps = 2, .rows = 4};
  config.verifiers.problems = 8;
  config.verifiers.samples = 4;
  config.verifiers.completions = 2;
  config.verifiers.held_out = 5;
  config.verifiers.reward.updates = 3;
  config.verifiers.reward.attempts_per_update = 8;
  config.verifiers.critic_updates = 3;
  config.rlhf.problems = 8;
  config.rlhf.reward.updates = 3;
  config.rlhf.reward.attempts_per_update = 8;
  config.rlhf.tokens = 400;
  config.rl.tokens = 1500;
  config.rl.problems = 12;
  config.rl.samples = 4;
  config.rl.updates = 2;
  config.rl.groups_per_update = 8;
  config.rl.attempts_per_update = 16;
  config.rl.value_updates = 2;
  config.final_.tokens = 1000;
  config.selfplay.tokens = 1000;
  config.selfplay.proposer_steps = 2;
  return config;
}

inline std::shared_ptr<const environment::Environment> environment_of(const StoryConfig& config) {
  return environment::make_environment(config.environment).value();
}

// With a base of random weights.
inline Story small_story(const StoryConfig& config, StoryHost host) {
  Story story(config, environment_of(config), std::move(host));
  story.models["base"] = random_model(3, config.model);
  return story;
}
inline Story small_story(const StoryConfig& config = small_story_config()) {
  return small_story(config, local_host(config));
}

}  // namespace qstar::testing

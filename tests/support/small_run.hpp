// An experiment on sums small enough for unit tests, with every kind of stage of text, and runs of
// it with a tiny model that has learned nothing yet.
#pragma once

#include "environment/registry.hpp"
#include "experiment/run.hpp"
#include "experiment/text/reinforce_config.hpp"
#include "experiment/text/stage_configs.hpp"
#include "tests/support/models.hpp"

namespace qstar::testing {
using namespace experiment;

inline ReinforceConfig small_reinforce(std::int64_t tokens = 1500) {
  ReinforceConfig config;
  config.tokens = tokens;
  config.problems = 12;
  config.samples = 4;
  config.updates = 2;
  config.groups_per_update = 8;
  config.attempts_per_update = 16;
  config.value_updates = 2;
  return config;
}

// The settings of the stage of that name, which the experiment must have.
template <class Config>
Config& settings(Experiment& experiment, const std::string& name) {
  for (auto& stage : experiment.stages)
    if (auto* config = stage.name == name ? stage.as<Config>() : nullptr) return *config;
  throw std::runtime_error("no such stage: " + name);
}

template <class Config>
Config& add_stage(Experiment& experiment, const char* kind, const char* name = "") {
  auto& stage = experiment.stages.emplace_back(kind);
  if (*name != '\0') stage.name = name;
  return *stage.as<Config>();
}

// Problems and resources, without stages.
inline Experiment small_base() {
  Experiment experiment;
  experiment.environment = {.family = "custom",
                            .operators = "+",
                            .max_operand = 5,
                            .operator_counts = {1, 2},
                            .max_products = 0};
  experiment.model = {1, 16, 2, 64, 1000};
  experiment.attempts.max_tokens = 16;
  experiment.evaluation = {20, 20};
  experiment.engine.slots = 16;
  experiment.engine.executors = 1;
  return experiment;
}

inline void add_pretraining(Experiment& experiment) {
  auto& config = add_stage<PretrainStageConfig>(experiment, "pretrain");
  config.steps = 200;
  config.rows = 8;
  config.length = 32;
}

inline Experiment small_experiment() {
  auto experiment = small_base();
  add_pretraining(experiment);
  auto& sft = add_stage<FineTuneConfig>(experiment, "finetune");
  sft.solutions = 10;
  sft.steps = 2;
  sft.rows = 4;
  auto& judges = add_stage<JudgesConfig>(experiment, "judges");
  judges.problems = 8;
  judges.samples = 4;
  judges.completions = 2;
  judges.held_out = 5;
  judges.reward.updates = 3;
  judges.reward.attempts_per_update = 8;
  judges.critic_updates = 3;
  add_stage<SearchTableConfig>(experiment, "search");
  auto& rlhf = add_stage<FeedbackConfig>(experiment, "feedback");
  rlhf.problems = 8;
  rlhf.reward.updates = 3;
  rlhf.reward.attempts_per_update = 8;
  rlhf.reinforce = small_reinforce(400);
  rlhf.reinforce.updates = ReinforceConfig().updates;  // of expert iteration, which it does not run
  rlhf.reinforce.groups_per_update = ReinforceConfig().groups_per_update;
  rlhf.reinforce.value_updates = ReinforceConfig().value_updates;
  auto& rl = add_stage<CompareConfig>(experiment, "compare", "rl");
  rl.algorithms = {"expert_iteration", "grpo", "ppo", "q_advantage", "search_guided"};
  rl.reinforce = small_reinforce();
  rl.reinforce.value.attempts_per_update = 8;
  auto& rewards = add_stage<CompareConfig>(experiment, "compare", "rewards");
  rewards.rewards = {"outcome", "process", "both", "screened"};
  rewards.reinforce = small_reinforce();
  rewards.reinforce.attempts_per_update = ReinforceConfig().attempts_per_update;
  rewards.reinforce.value_updates = ReinforceConfig().value_updates;
  auto& selfplay = add_stage<SelfPlayConfig>(experiment, "selfplay");
  selfplay.reinforce = rewards.reinforce;
  selfplay.reinforce.tokens = 1000;
  selfplay.proposer.steps = 2;
  auto& last = add_stage<ReinforceStageConfig>(experiment, "reinforce", "final");
  last.reinforce = selfplay.reinforce;
  auto& measure = add_stage<MeasureConfig>(experiment, "measure");
  measure.problems = 10;
  return experiment;
}

inline Problems small_problems(const Experiment& experiment) {
  return problems_of(experiment).value();
}

// With a model "base" of random weights.
inline Run small_run(const Experiment& experiment, RunHost host) {
  Run run(experiment, small_problems(experiment), std::move(host));
  TrainedModel base;
  base.file = random_model(3, experiment.model);
  base.is_policy = true;
  run.add_model("base", std::move(base));
  return run;
}
inline Run small_run(const Experiment& experiment = small_experiment()) {
  return small_run(experiment, local_host(experiment));
}
// Another model under this name.
inline void replace_model(Run& run, const std::string& name, model::ModelFile file) {
  TrainedModel model;
  model.file = std::move(file);
  run.add_model(name, std::move(model));
}

}  // namespace qstar::testing

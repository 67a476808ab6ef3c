#include "experiment/text/stage_configs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "experiment/text/algorithms.hpp"

namespace qstar::experiment {
namespace {

constexpr std::string_view kTrained = "prm|orm|prm_completions|critic";
constexpr std::string_view kGuides = "prm|orm|prm_completions|prm_labels|critic";
constexpr std::string_view kRewards = "outcome|process|both|screened";

std::string_view search_choices() {
  static const std::string names = fmt::format("{}", fmt::join(search::search_names(), "|"));
  return names;
}

}  // namespace

void FineTuneConfig::describe(FieldVisitor& v) {
  v.value({"start", "Model to start from, by the name of the stage that trains it"}, start);
  v.value({"solutions", "Number of distinct right solutions to fine-tune on", 1, 1e7}, solutions);
  v.value({"steps", "Number of optimiser steps", 0, 1e7}, steps);
  v.value({"rows", "Solutions per optimiser step", 1, 65536}, rows);
  section(v, "optimizer", "Optimisers (Muon and AdamW) for fine-tuning", optimizer);
}

void JudgesConfig::describe(FieldVisitor& v) {
  v.value({"policy", "Policy whose attempts they are trained on"}, policy);
  v.value({.name = "models",
           .doc = "Reward models and critic to train",
           .choices = kTrained,
           .distinct = true},
          models);
  v.value(
      {"problems", "Number of training problems that the policy attempts for these models", 1, 1e7},
      problems);
  v.value({"samples", "Attempts per problem", 1, 4096}, samples);
  v.value({"completions", "Completions per step, for Monte-Carlo labels", 1, 4096}, completions);
  v.value({"held_out", "Number of held-out problems on which step AUC and best of n are measured",
           1, 1e6},
          held_out);
  v.value({"label_file",
           "File of steps that people rated (PRM800K format), for an additional process reward "
           "model (empty: none)"},
          label_file);
  section(v, "reward", "Training of the process and outcome reward models", reward);
  v.value({"critic_updates", "Optimiser steps per critic training round", 0, 1e7}, critic_updates);
  v.value({"critic_rounds",
           "Additional critic training rounds, each with new attempts that the current critic "
           "guides",
           0, 100},
          critic_rounds);
  v.value(
      {"critic_continuations",
       "Continuations by the policy per state of a guided attempt, in additional rounds", 1, 4096},
      critic_continuations);
  section(v, "critic", "Training of the critic: Q-learning from the win signal", critic);
}

void SearchRow::describe(FieldVisitor& v) {
  v.value({.name = "name", .doc = "Search", .choices = search_choices(), .required = true}, name);
  qstar::search::describe(v, how, name);
}

void SearchTableConfig::describe(FieldVisitor& v) {
  v.value({"policy", "Policy that searches"}, policy);
  sections(v,
           {.name = "methods", .doc = "Searches to compare, each with its options", .filled = true},
           methods);
  v.value({.name = "guides",
           .doc = "Models that guide the searches",
           .choices = kGuides,
           .distinct = true},
          guides);
}

void AnnotatorConfig::describe(FieldVisitor& v) {
  v.value({.name = "kind", .doc = "Source of the rankings", .choices = "simulated|recorded"}, kind);
  v.value({"error_rate", "Probability that a simulated comparison is wrong", 0, 1}, error_rate);
  v.value({"file", "File of recorded rankings (JSON lines)"}, file);
}

void FeedbackConfig::describe(FieldVisitor& v) {
  v.value({"start", "Model to start from, by the name of the stage that trains it"}, start);
  v.value({"problems", "Number of training problems whose answers are ranked", 1, 1e7}, problems);
  v.value({"samples", "Answers per problem", 2, 4096}, samples);
  section(v, "annotator", "Annotator who ranks the answers", annotator);
  section(v, "reward", "Training of the preference model", reward);
  v.value({.name = "kl_weights",
           .doc = "KL penalty weights, one run per weight",
           .min = 0,
           .max = 100,
           .filled = true,
           .distinct = true},
          kl_weights);
  section(v, "reinforce", "Reinforcement learning on the preference model's score, by GRPO",
          reinforce);
}

void CompareConfig::describe(FieldVisitor& v) {
  v.value({"start", "Model to start from, by the name of the stage that trains it"}, start);
  v.value({.name = "algorithms",
           .doc = "Reinforcement learning algorithms to compare",
           .choices = algorithm_choices(),
           .filled = true,
           .distinct = true},
          algorithms);
  v.value({.name = "rewards",
           .doc = "Rewards to compare, with each algorithm",
           .choices = kRewards,
           .filled = true,
           .distinct = true},
          rewards);
  section(v, "reinforce", "Settings of every run", reinforce);
}

void ProposerConfig::describe(FieldVisitor& v) {
  v.value({"share", "Share of each round's problems that the proposer writes", 0, 1}, share);
  v.value({"steps", "Optimiser steps that train the proposer to write problems", 0, 1e6}, steps);
  v.value({"updates", "Optimiser steps of the proposer per round", 0, 1e6}, updates);
  section(v, "optimizer", "Optimisers (Muon and AdamW) of the proposer", optimizer);
}

void SelfPlayConfig::describe(FieldVisitor& v) {
  v.value({"start", "Model to start from, by the name of the stage that trains it"}, start);
  v.value(
      {"target", "Greedy accuracy at which the generated tokens of both runs are compared", 0, 1},
      target);
  section(v, "proposer", "The proposer, which is the policy itself", proposer);
  section(v, "reinforce", "Settings of both runs", reinforce);
}

void ReinforceStageConfig::describe(FieldVisitor& v) {
  v.value({"start", "Model to start from, by the name of the stage that trains it"}, start);
  v.value({.name = "algorithm",
           .doc = "Reinforcement learning algorithm",
           .choices = algorithm_choices()},
          algorithm);
  v.value({.name = "reward", .doc = "Reward of an attempt", .choices = kRewards}, reward);
  v.value({"revisit_share",
           "Share of each round's problems that were not always solved when last attempted", 0, 1},
          revisit_share);
  section(v, "proposer", "A proposer of problems, which is the policy itself", proposer);
  reinforce.describe(v);
}

void MeasureConfig::describe(FieldVisitor& v) {
  v.value({"base", "Policy to compare with, by the name of the stage that trains it"}, base);
  v.value({"policy",
           "Policy to measure, by the name of the stage that trains it (empty: the last one)"},
          policy);
  v.value({"problems", "Number of problems per other domain and per context", 1, 1e6}, problems);
}

}  // namespace qstar::experiment

// The settings of the stages that train on text or measure it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "experiment/stage_entry.hpp"
#include "experiment/text/reinforce_config.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/policy/batch.hpp"
#include "learning/policy/pretraining.hpp"
#include "learning/reward/reward_learner.hpp"
#include "search/text/search.hpp"

namespace qstar::experiment {

// Pre-training on noisy solutions. Makes a policy of the stage's name.
struct PretrainStageConfig : learning::PretrainConfig {
  std::vector<std::string> makes(const std::string& stage) const { return {stage}; }
  Status check(const Experiment& experiment, const std::string& key) const;
  friend bool operator==(const PretrainStageConfig&, const PretrainStageConfig&) = default;
};

// Supervised fine-tuning on right solutions. Makes a policy of the stage's name.
struct FineTuneConfig {
  std::string start = "base";
  std::int64_t solutions = 500;  // distinct
  std::int64_t steps = 100;
  std::int64_t rows = 32;  // solutions per step
  learning::OptimizerConfig optimizer{.muon_rate = 0.003, .adamw_rate = 0.0006, .warmup = 10};
  void describe(FieldVisitor& v);
  std::vector<Need> needs() const { return {{start, "start"}}; }
  std::vector<std::string> makes(const std::string& stage) const { return {stage}; }
  friend bool operator==(const FineTuneConfig&, const FineTuneConfig&) = default;
};

// Reward models and a critic, trained on a policy's attempts.
struct JudgesConfig {
  std::string policy = "base";  // that makes the attempts
  std::vector<std::string> models = {"prm", "orm", "prm_completions", "critic"};  // to train
  std::int64_t problems = 2000;  // training problems that are attempted
  std::int64_t samples = 8;      // attempts per problem
  std::int64_t completions = 4;  // per step, for Monte-Carlo labels
  std::int64_t held_out = 500;   // problems for step AUC and best of n, 16 attempts each
  std::string label_file;        // steps that people rated, for one more PRM; empty: none
  learning::RewardConfig reward;
  std::int64_t critic_updates = 600;  // per critic training round
  // Additional critic training rounds. Each adds attempts to those of the rounds before: on every
  // problem one that the current critic guides, and from every state of that attempt
  // `critic_continuations` continuations by the policy (exploration.hpp).
  std::int64_t critic_rounds = 0;
  std::int64_t critic_continuations = 8;
  learning::CriticConfig critic;
  void describe(FieldVisitor& v);
  std::vector<Need> needs() const { return {{policy, "policy"}}; }
  std::vector<std::string> makes(const std::string& stage) const;
  Status check(const Experiment& experiment, const std::string& key) const;
  friend bool operator==(const JudgesConfig&, const JudgesConfig&) = default;
};

// A search of the comparison.
struct SearchRow {
  std::string name;  // registered
  search::SearchOptions how;
  void describe(FieldVisitor& v);
  friend bool operator==(const SearchRow&, const SearchRow&) = default;
};
// The options that the row sets: "samples=4 stop_below=0.5 retries=3".
std::string options_of(const SearchRow& row);
// Every registered search, most of them with about the same budget.
std::vector<SearchRow> default_searches();

// Searches to compare, each with every guide if it needs one.
struct SearchTableConfig {
  std::string policy = "base";
  std::vector<SearchRow> methods = default_searches();
  std::vector<std::string> guides = {"prm", "orm", "prm_completions", "critic"};
  void describe(FieldVisitor& v);
  std::vector<Need> needs() const;
  Status check(const Experiment& experiment, const std::string& key) const;
  friend bool operator==(const SearchTableConfig&, const SearchTableConfig&) = default;
};

// The annotator who ranks answers for the preference model.
struct AnnotatorConfig {
  std::string kind = "simulated";  // or "recorded"
  double error_rate = 0.1;         // simulated: probability that a comparison is wrong
  std::string file;                // recorded: rankings that `qstar label --rankings` wrote
  void describe(FieldVisitor& v);
  friend bool operator==(const AnnotatorConfig&, const AnnotatorConfig&) = default;
};

// Reinforcement learning on a proxy reward that was learned from rankings. Makes "preference".
struct FeedbackConfig {
  std::string start = "base";
  std::int64_t problems = 1000;  // whose answers are ranked
  std::int64_t samples = 4;      // answers per problem
  AnnotatorConfig annotator;
  learning::RewardConfig reward{.updates = 300};
  std::vector<double> kl_weights = {0, 0.1};  // KL penalty weights, one run per weight
  ReinforceConfig reinforce{.tokens = 500'000};
  void describe(FieldVisitor& v);
  std::vector<Need> needs() const { return {{start, "start"}}; }
  std::vector<std::string> makes(const std::string&) const { return {"preference"}; }
  std::vector<std::string> limits() const { return {"reinforce.tokens", "reinforce.rounds"}; }
  Status check(const Experiment& experiment, const std::string& key) const;
  friend bool operator==(const FeedbackConfig&, const FeedbackConfig&) = default;
};

// Runs with different algorithms or rewards on the same problems and seeds.
struct CompareConfig {
  std::string start = "base";
  std::vector<std::string> algorithms = {"expert_iteration"};
  std::vector<std::string> rewards = {"outcome"};
  ReinforceConfig reinforce;
  void describe(FieldVisitor& v);
  std::vector<Need> needs() const;
  std::vector<std::string> limits() const { return {"reinforce.tokens", "reinforce.rounds"}; }
  Status check(const Experiment& experiment, const std::string& key) const;
  friend bool operator==(const CompareConfig&, const CompareConfig&) = default;
};

// A run of a comparison. Its name tells it from the others: the algorithm, or the reward when there
// is one algorithm, or "ALGORITHM.REWARD".
struct ComparedRun {
  std::string name, algorithm, reward;
};
std::vector<ComparedRun> runs_of(const CompareConfig& config);

// A policy that also writes problems, which the environment referees.
struct ProposerConfig {
  double share = 0;           // of each round's problems that it writes
  std::int64_t steps = 100;   // optimiser steps that train it before the first round
  std::int64_t updates = 16;  // of the proposer per round
  learning::OptimizerConfig optimizer{.muon_rate = 0.002, .adamw_rate = 0.0004, .warmup = 0};
  void describe(FieldVisitor& v);
  friend bool operator==(const ProposerConfig&, const ProposerConfig&) = default;
};

// The same run on uniformly drawn problems and on a proposer's. Makes "proposer".
struct SelfPlayConfig {
  std::string start = "base";
  double target = 0.99;  // greedy accuracy at which generated tokens are compared
  ProposerConfig proposer{.share = 0.25};
  ReinforceConfig reinforce{.tokens = 1'500'000};
  void describe(FieldVisitor& v);
  std::vector<Need> needs() const { return {{start, "start"}}; }
  std::vector<std::string> makes(const std::string&) const { return {"proposer"}; }
  std::vector<std::string> limits() const { return {"reinforce.tokens", "reinforce.rounds"}; }
  Status check(const Experiment& experiment, const std::string& key) const;
  friend bool operator==(const SelfPlayConfig&, const SelfPlayConfig&) = default;
};

// One run of reinforcement learning. Makes a policy of the stage's name.
struct ReinforceStageConfig {
  std::string start = "base";
  std::string algorithm = "expert_iteration";
  std::string reward = "outcome";  // or "process", "both", "screened"
  // Share of each round's problems that were not always solved when last attempted.
  double revisit_share = 0;
  ProposerConfig proposer;
  ReinforceConfig reinforce{.tokens = 2'000'000};
  void describe(FieldVisitor& v);
  std::vector<Need> needs() const;
  std::vector<std::string> makes(const std::string& stage) const;
  std::vector<std::string> limits() const { return {"tokens", "rounds"}; }
  Status check(const Experiment& experiment, const std::string& key) const;
  friend bool operator==(const ReinforceStageConfig&, const ReinforceStageConfig&) = default;
};

// Other domains, polluted contexts and the cost of the exact solver.
struct MeasureConfig {
  std::string base = "base";     // compared with
  std::string policy;            // measured; empty: the last one that was trained
  std::int64_t problems = 1000;  // per other domain and per context
  void describe(FieldVisitor& v);
  std::vector<Need> needs() const;
  Status check(const Experiment& experiment, const std::string& key) const;
  friend bool operator==(const MeasureConfig&, const MeasureConfig&) = default;
};

}  // namespace qstar::experiment

// The configuration of a story: one experiment that runs every system of qstar that learns from
// text or searches over it, stage by stage, and measures each on the same held-out problems.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "environment/registry.hpp"
#include "environment/text/corpus.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/policy/batch.hpp"
#include "learning/policy/policy_gradient.hpp"
#include "learning/policy/pretraining.hpp"
#include "learning/reward/reward_learner.hpp"
#include "model/model_file.hpp"
#include "search/text/search.hpp"

namespace qstar::experiment {

// How problems are attempted, in every stage.
struct AttemptConfig {
  std::int64_t max_tokens = 64;
  std::int64_t slots = 256;           // sequences that a decoder generates at once
  std::int64_t processors = 2;        // executors per process; the results do not depend on it
  double lease_seconds = 120;         // until a task that has no result is handed out again
  std::int64_t keep_weights_mb = 10;  // published models below this size are all kept in weights/
  std::int64_t keep_groups = 0;       // groups per round or search that the store keeps; 0: all
  void describe(FieldVisitor& v);
  friend bool operator==(const AttemptConfig&, const AttemptConfig&) = default;
};

// Supervised fine-tuning on right solutions.
struct FineTuneConfig {
  std::int64_t solutions = 500;  // distinct
  std::int64_t steps = 100;
  std::int64_t rows = 32;  // solutions per step
  learning::OptimizerConfig optimizer{.muon_rate = 0.003, .adamw_rate = 0.0006, .warmup = 10};
  void describe(FieldVisitor& v);
  friend bool operator==(const FineTuneConfig&, const FineTuneConfig&) = default;
};

// Reward models and the critic, trained on the base model's own attempts.
struct VerifierConfig {
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
  // `critic_continuations` continuations by the base model (exploration.hpp).
  std::int64_t critic_rounds = 0;
  std::int64_t critic_continuations = 8;
  learning::CriticConfig critic;
  void describe(FieldVisitor& v);
  friend bool operator==(const VerifierConfig&, const VerifierConfig&) = default;
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
  std::vector<SearchRow> methods = default_searches();
  std::vector<std::string> guides = {"prm", "orm", "prm_completions", "critic"};
  void describe(FieldVisitor& v);
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

// Reinforcement learning on a proxy reward that was learned from rankings.
struct FeedbackConfig {
  std::int64_t problems = 1000;  // whose answers are ranked
  std::int64_t samples = 4;      // answers per problem
  AnnotatorConfig annotator;
  learning::RewardConfig reward{.updates = 300};
  std::vector<double> kl_weights = {0, 0.1};  // KL penalty weights, one run per weight
  std::int64_t tokens = 500'000;              // generated per run
  void describe(FieldVisitor& v);
  friend bool operator==(const FeedbackConfig&, const FeedbackConfig&) = default;
};

// A run of reinforcement learning: rounds of attempts and updates until the tokens are spent.
struct ReinforceConfig {
  std::int64_t tokens = 800'000;  // generated, including those that searches discard
  std::int64_t problems = 384;    // per round
  std::int64_t samples = 8;       // attempts per problem
  std::int64_t staleness = 1;     // rounds that attempts may be older than the policy; 0: lock-step
  double temperature = 1;
  std::int64_t updates = 16;             // expert iteration: per round
  std::int64_t groups_per_update = 128;  // expert iteration: drawn per update
  std::int64_t window = 4;               // expert iteration: latest rounds to learn from
  learning::SelectionOptions selection;
  learning::OptimizerConfig optimizer{.muon_rate = 0.003, .adamw_rate = 0.0006, .warmup = 0};
  std::int64_t attempts_per_update = 512;  // policy gradients
  learning::PolicyGradientConfig gradient;
  std::int64_t value_updates = 8;  // per round, of PPO's value model and Q-advantage's critic
  double gae_lambda = 0.95;        // PPO
  void describe(FieldVisitor& v);
  friend bool operator==(const ReinforceConfig&, const ReinforceConfig&) = default;
};

// Training of the final policy, which is deployed; everything else is as in `rl`.
struct FinalConfig {
  std::string start = "base";  // or "sft"
  std::string algorithm = "expert_iteration";
  std::string reward = "outcome";   // or "process", "both", "screened"
  std::int64_t tokens = 2'000'000;  // generated
  // Share of each round's problems that were not always solved when last attempted.
  double revisit_share = 0;
  double proposer_share = 0;  // share of each round's problems that the proposer writes (selfplay)
  void describe(FieldVisitor& v);
  friend bool operator==(const FinalConfig&, const FinalConfig&) = default;
};

struct SelfPlayConfig {
  double target = 0.99;               // greedy accuracy at which generated tokens are compared
  std::int64_t tokens = 1'500'000;    // per run, at most
  std::int64_t proposer_steps = 100;  // updates that train the proposer to write problems
  double proposer_share = 0.25;       // share of each round's problems that the proposer writes
  std::int64_t updates = 16;          // of the proposer per round
  learning::OptimizerConfig optimizer{.muon_rate = 0.002, .adamw_rate = 0.0004, .warmup = 0};
  void describe(FieldVisitor& v);
  friend bool operator==(const SelfPlayConfig&, const SelfPlayConfig&) = default;
};

// The stages to run; the base and the final policy are always trained.
struct StagesConfig {
  bool sft = true;
  bool verifiers = true;
  bool search = true;
  bool rlhf = true;
  bool rl = true;
  bool rewards = true;
  bool selfplay = true;
  bool measurements = true;
  void describe(FieldVisitor& v);
  friend bool operator==(const StagesConfig&, const StagesConfig&) = default;
};

struct MeasureConfig {
  std::int64_t problems = 2000;         // held out, for every reported accuracy
  std::int64_t curve_problems = 500;    // held out, for each point of a learning curve
  std::int64_t domain_problems = 1000;  // per other domain and per context
  void describe(FieldVisitor& v);
  friend bool operator==(const MeasureConfig&, const MeasureConfig&) = default;
};

// What a figure of the report must reach; report.failed lists the targets that were missed.
struct TargetConfig {
  std::string figure;              // as in targets.hpp
  std::string meaning;             // in words; empty: the figure's name
  std::optional<double> at_least;  // one of the limits, or both
  std::optional<double> below;
  void describe(FieldVisitor& v);
  friend bool operator==(const TargetConfig&, const TargetConfig&) = default;
};

struct StoryConfig {
  std::string experiment = "story";
  std::string name = "qstar";
  std::int64_t seed = 1;
  environment::EnvironmentConfig environment;
  environment::CorpusConfig corpus;
  model::ModelSpec model;
  learning::PretrainConfig pretrain;
  StagesConfig stages;
  AttemptConfig attempts;
  MeasureConfig measure;
  FineTuneConfig sft;
  VerifierConfig verifiers;
  SearchTableConfig search;
  FeedbackConfig rlhf;
  std::vector<std::string> algorithms = {"expert_iteration", "grpo", "ppo", "q_advantage",
                                         "search_guided"};
  ReinforceConfig rl;
  SelfPlayConfig selfplay;
  FinalConfig final_;
  std::vector<TargetConfig> targets;
  void describe(FieldVisitor& v);
  friend bool operator==(const StoryConfig&, const StoryConfig&) = default;
};

// Checks what the ranges of single fields cannot express. kConfig names the fields.
Status check(const StoryConfig& config);

// The metadata of this story's model files.
std::map<std::string, std::string> metadata_of(const StoryConfig& config, std::string_view role);

}  // namespace qstar::experiment

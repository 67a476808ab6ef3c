// The configuration of a story: one experiment that goes through every system of qstar that learns
// or searches over text, stage by stage, and measures each on the same held-out problems.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "environment/corpus.hpp"
#include "environment/registry.hpp"
#include "learning/batch.hpp"
#include "learning/critic_learner.hpp"
#include "learning/model_file.hpp"
#include "learning/policy_gradient.hpp"
#include "learning/pretraining.hpp"
#include "learning/reward_learner.hpp"
#include "search/search.hpp"

namespace qstar {

// How problems are attempted, in every stage.
struct AttemptConfig {
  std::int64_t max_tokens = 64;
  std::int64_t slots = 256;      // sequences decoded at once
  std::int64_t processors = 2;   // decoder actors; what they make does not depend on how many
  std::int64_t keep_groups = 0;  // groups of a round or search that the store keeps; 0: all
  void describe(FieldVisitor& v);
  friend bool operator==(const AttemptConfig&, const AttemptConfig&) = default;
};

// Supervised fine-tuning on a few right solutions.
struct FineTuneConfig {
  std::int64_t solutions = 500;  // distinct
  std::int64_t steps = 100;
  std::int64_t rows = 32;  // solutions a step
  OptimizerConfig optimizer{.muon_rate = 0.003, .adamw_rate = 0.0006, .warmup = 10};
  void describe(FieldVisitor& v);
  friend bool operator==(const FineTuneConfig&, const FineTuneConfig&) = default;
};

// Reward models and the critic, taught on the base's own attempts.
struct VerifierConfig {
  std::string models = "prm,orm,prm_completions,critic";  // that are taught
  std::int64_t problems = 2000;                           // attempted for teaching
  std::int64_t samples = 8;                               // attempts a problem
  std::int64_t completions = 4;                           // of every step, for Monte-Carlo labels
  std::int64_t held_out = 500;  // problems for step AUC and best of n, 16 attempts each
  std::string label_file;       // of a PRM by what people said; empty: none
  RewardConfig reward;
  std::int64_t critic_updates = 600;
  // Lessons of as many updates, each on what the critic so far leads to as well: its own work on
  // the problems, and so many continuations by the base of every state on the way.
  std::int64_t critic_lessons = 0;
  std::int64_t critic_continuations = 8;
  CriticConfig critic;
  void describe(FieldVisitor& v);
  friend bool operator==(const VerifierConfig&, const VerifierConfig&) = default;
};

// Searches, each with each guide that it needs.
struct SearchTableConfig {
  // Searches separated by ';', each a name of the registry and its options.
  std::string methods =
      "greedy; sample samples=4; majority samples=4; majority samples=16; best_of_n samples=4; "
      "best_of_n samples=16; weighted_vote samples=16; beam samples=4; "
      "beam samples=4 stop_below=0.5 retries=3; beam samples=8 beam=2; "
      "astar samples=4 budget=400 repeat_cost=1; qstar samples=4 budget=400 repeat_cost=1; "
      "mcts samples=4 budget=400";
  std::string guides = "prm,orm,prm_completions,critic";
  void describe(FieldVisitor& v);
  friend bool operator==(const SearchTableConfig&, const SearchTableConfig&) = default;
};

// Who ranks answers for the preference model.
struct AnnotatorConfig {
  std::string kind = "simulated";  // or "recorded"
  double error_rate = 0.1;         // simulated: of a comparison
  std::string file;                // recorded: rankings, as `qstar label --rankings` writes them
  void describe(FieldVisitor& v);
  friend bool operator==(const AnnotatorConfig&, const AnnotatorConfig&) = default;
};

// Learning against a proxy reward that was learned from rankings.
struct FeedbackConfig {
  std::int64_t problems = 1000;  // whose answers are ranked
  std::int64_t samples = 4;      // answers to each
  AnnotatorConfig annotator;
  RewardConfig reward{.updates = 300};
  std::string kl_weights = "0,0.1";  // a run each
  std::int64_t tokens = 500'000;     // generated, a run
  void describe(FieldVisitor& v);
  friend bool operator==(const FeedbackConfig&, const FeedbackConfig&) = default;
};

// A run of reinforcement learning: rounds of attempts and updates until the tokens are spent.
struct ReinforceConfig {
  std::int64_t tokens = 800'000;  // generated, what searches threw away included
  std::int64_t problems = 384;    // a round
  std::int64_t samples = 8;       // attempts a problem
  double temperature = 1;
  std::int64_t updates = 16;             // a round, of expert iteration
  std::int64_t groups_per_update = 128;  // that an update draws, of expert iteration
  std::int64_t window = 4;               // rounds that are still learned from, of expert iteration
  SelectionOptions selection;
  OptimizerConfig optimizer{.muon_rate = 0.003, .adamw_rate = 0.0006, .warmup = 0};
  std::int64_t attempts_per_update = 512;  // of policy gradients
  PolicyGradientConfig gradient;
  std::int64_t value_updates = 8;  // a round, of PPO's value model and of Q-advantage's critic
  double gae_lambda = 0.95;        // of PPO
  void describe(FieldVisitor& v);
  friend bool operator==(const ReinforceConfig&, const ReinforceConfig&) = default;
};

// The deployed policy's run; everything else as in `rl`.
struct FinalConfig {
  std::string start = "base";  // or "sft"
  std::string algorithm = "expert_iteration";
  std::string reward = "outcome";   // or "process", "both", "screened"
  std::int64_t tokens = 2'000'000;  // generated
  // Of a round's problems, those that were not always won when last attempted.
  double revisit_share = 0;
  double setter_share = 0;  // … that a setter proposes (selfplay)
  void describe(FieldVisitor& v);
  friend bool operator==(const FinalConfig&, const FinalConfig&) = default;
};

struct SelfPlayConfig {
  double target = 0.99;             // greedy accuracy at which tokens are compared
  std::int64_t tokens = 1'500'000;  // at most
  std::int64_t setter_steps = 100;  // of teaching the setter what problems look like
  double setter_share = 0.25;       // of a round's problems that the setter proposes
  std::int64_t updates = 16;        // a round, of the setter
  OptimizerConfig optimizer{.muon_rate = 0.002, .adamw_rate = 0.0004, .warmup = 0};
  void describe(FieldVisitor& v);
  friend bool operator==(const SelfPlayConfig&, const SelfPlayConfig&) = default;
};

// The stages that are run; the base and the final policy always are.
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
  std::int64_t problems = 2000;         // held out, for every figure
  std::int64_t curve_problems = 500;    // held out, for points of curves
  std::int64_t domain_problems = 1000;  // of each other domain
  void describe(FieldVisitor& v);
  friend bool operator==(const MeasureConfig&, const MeasureConfig&) = default;
};

struct StoryConfig {
  std::string experiment = "story";
  std::string name = "qstar";
  std::int64_t seed = 1;
  EnvironmentConfig environment;
  CorpusConfig corpus;
  ModelSpec model;
  PretrainConfig pretrain;
  StagesConfig stages;
  AttemptConfig attempts;
  MeasureConfig measure;
  FineTuneConfig sft;
  VerifierConfig verifiers;
  SearchTableConfig search;
  FeedbackConfig rlhf;
  std::string algorithms = "expert_iteration,grpo,ppo,q_advantage,search_guided";
  ReinforceConfig rl;
  SelfPlayConfig selfplay;
  FinalConfig final_;
  void describe(FieldVisitor& v);
  friend bool operator==(const StoryConfig&, const StoryConfig&) = default;
};

// What the fields' ranges cannot say. kConfig names the fields.
Status check(const StoryConfig& config);

// What a model file of this story says of itself.
std::map<std::string, std::string> metadata_of(const StoryConfig& config, std::string_view role);

// "a, b;c" at `separator`, without blanks around the parts and without empty parts.
std::vector<std::string> split(std::string_view text, char separator);
// A comma-separated list of numbers; kConfig names the key.
Result<std::vector<double>> numbers_of(std::string_view key, std::string_view text);

// One search of SearchTableConfig::methods. kConfig: an unknown name or option.
struct SearchRow {
  std::string method;
  std::string options;  // as written
  SearchOptions how;
};
Result<SearchRow> parse_search_row(std::string_view text);

}  // namespace qstar

// The settings of a reinforcement learning run: rounds of attempts and updates until its tokens or
// its rounds are spent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "experiment/stage_entry.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/policy/batch.hpp"
#include "learning/policy/policy_gradient.hpp"
#include "learning/reward/reward_learner.hpp"
#include "persistence/replay_table.hpp"

namespace qstar::experiment {

struct ReinforceConfig {
  std::int64_t tokens = 800'000;  // generated, including those that searches discard; 0: no limit
  std::int64_t rounds = 0;        // 0: no limit
  std::int64_t problems = 384;    // per round
  std::int64_t samples = 8;       // attempts per problem
  std::int64_t staleness = 1;     // rounds that attempts may be older than the policy; 0: lock-step
  double temperature = 1;
  std::int64_t curve_every = 1;          // rounds between two points of the learning curve
  std::int64_t updates = 16;             // expert iteration: per round
  std::int64_t groups_per_update = 128;  // expert iteration: drawn per update
  std::int64_t window = 4;               // expert iteration: latest rounds to learn from
  learning::SelectionOptions selection = {};
  learning::OptimizerConfig optimizer{.muon_rate = 0.003, .adamw_rate = 0.0006, .warmup = 0};
  std::int64_t attempts_per_update = 512;  // policy gradients
  learning::PolicyGradientConfig gradient = {};
  std::int64_t value_updates = 8;      // per round, of PPO's value model and Q-advantage's critic
  double gae_lambda = 0.95;            // PPO
  learning::RewardConfig value = {};   // PPO's value model
  std::int64_t critic_updates = 0;     // per round, of a critic that learns beside the policy
  learning::CriticConfig critic = {};  // of that one, and of Q-advantage's
  persistence::TableConfig critic_table{.selector = "prioritised", .capacity = 8192};
  void describe(FieldVisitor& v);
  friend bool operator==(const ReinforceConfig&, const ReinforceConfig&) = default;
};

// What the runs of a stage have in common, and in what they differ.
struct ReinforceRuns {
  const ReinforceConfig& config;
  std::vector<std::string> algorithms, rewards;
};
// Models that the runs use beside the initial one. `setting` names the key of the algorithms, and
// that of the rewards.
std::vector<Need> needs_of(const ReinforceRuns& runs, const std::string& algorithms,
                           const std::string& rewards);
// What ranges cannot say: no limit at all, settings that contradict each other or have no effect.
// `key` is that of the section.
Status check(const ReinforceRuns& runs, const Experiment& experiment, const std::string& key);

}  // namespace qstar::experiment

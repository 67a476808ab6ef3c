// One reinforcement learning run: rounds of problems, attempts, rewards and updates until its
// tokens or its rounds are spent.
//
// Rounds are attempted ahead of the policy (rounds.hpp); what they lose by their age the algorithms
// correct (learning/policy/policy_gradient.hpp). A critic may learn beside the policy from the same
// attempts and score those of later rounds (critic_trainer.hpp). Evaluations are tasks, too.
#pragma once

#include <optional>
#include <string>

#include "experiment/text/improvers.hpp"
#include "experiment/text/problem_source.hpp"
#include "experiment/text/reinforced.hpp"
#include "experiment/text/rewards.hpp"

namespace qstar::experiment {

struct ReinforcePlan {
  std::string label;          // names saves and groups in the store, such as "rl.grpo"
  std::string stream = {};    // names problems and seeds; runs that are compared have the same;
                              // empty: the label
  std::string settings = {};  // where its configuration is, for messages: "stages.rl.reinforce"
  std::string algorithm = "expert_iteration";
  std::string start = "base";  // name of the initial model
  RewardKind reward = RewardKind::kOutcome;
  std::string reward_model = {};  // name of the model whose scores the reward reads; empty: none
  ReinforceConfig config;
  double revisit_share = 0;  // share of each round's problems; 0 in runs that are compared, so
                             // that they differ only in what is compared
  std::optional<double> target = {};  // greedy accuracy at which the run ends
  ProblemSource* source = nullptr;    // null: problems drawn by the environment
};

// kInterrupted after saving: the same call in a resumed run continues. kConfig: a loss or gradient
// is not finite; the saved state has more rounds than the limit. kCorrupt: the saved state is
// damaged, or the store lacks attempts that it counts.
Result<Reinforced> reinforce(Run& run, const ReinforcePlan& plan);

}  // namespace qstar::experiment

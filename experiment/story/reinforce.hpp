// One reinforcement learning run: rounds of problems, attempts, rewards and updates until the limit
// of generated tokens is reached.
//
// With a staleness of S rounds the attempts of up to S further rounds are made while the policy
// learns from one: round r is attempted by the policy of round max(0, r − S). 0 is lock-step. Which
// weights make which attempts is fixed, so runs of the same seed are equal, bit for bit, with any
// number of nodes. What a round loses by its age the algorithms correct
// (learning/policy/policy_gradient.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiment/story/improvers.hpp"
#include "experiment/story/rewards.hpp"
#include "experiment/story/stage.hpp"

namespace qstar::experiment {

// The source of a round's problems.
class ProblemSource {
 public:
  virtual ~ProblemSource() = default;
  struct Proposal {
    std::vector<std::string> problems;
    std::size_t proposed = 0;  // number of problems at the front that a proposer wrote
    std::int64_t tokens = 0;   // generated to propose them
    std::map<std::string, double> figures;
  };
  // May be called for several rounds before learn() is called for the first of them.
  virtual Result<Proposal> propose(Story& story, const PolicyRef& policy, std::int64_t round) = 0;
  // Takes the attempts at the proposed problems, in the same order, and may update the policy.
  // Returns figures of the round.
  virtual Result<std::map<std::string, double>> learn(learning::PolicyLearner& policy,
                                                      const Proposal& proposal,
                                                      const std::vector<AttemptGroup>& groups,
                                                      double rate_factor) = 0;
  // All state on which later rounds depend.
  virtual std::string save() const = 0;
  virtual Status load(std::string_view bytes) = 0;
};

struct ReinforcePlan {
  std::string label;        // names saves and groups in the store, such as "rl.grpo"
  std::string stream = {};  // names problems and seeds; runs that are compared have the same;
                            // empty: the label
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

struct Reinforced {
  model::ModelFile policy;
  std::int64_t tokens = 0;  // generated
  std::optional<std::int64_t> tokens_to_target;
  double cpu_seconds = 0;  // of all processes, without the quick evaluations
  // Seconds of the learner's thread, and those that it waited for attempts and evaluations.
  double wall_seconds = 0, waited_seconds = 0;
  // Seconds that all executors together worked, and waited for tasks.
  double executors_busy = 0, executors_idle = 0;
  // One point per round: {"tokens", "accuracy"} after it, and "lucky", "reward", "kl", … of its
  // attempts.
  nlohmann::json curve = nlohmann::json::array();
  // Whether the policy was right: [points of the curve][problems].
  std::vector<std::vector<bool>> quick_evaluations;
  // {"greedy", "sampled", "tokens", "cpu_seconds", "lucky", "curve"} for the report.
  Result<nlohmann::json> figures(const Story& story, std::string_view name) const;
};

// kInterrupted after saving: the same call in a resumed run continues.
Result<Reinforced> reinforce(Story& story, const ReinforcePlan& plan);

}  // namespace qstar::experiment

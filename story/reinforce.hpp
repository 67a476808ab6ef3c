// One reinforcement learning run: rounds of problems, attempts, rewards and updates until the limit
// of generated tokens is reached.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "story/improvers.hpp"
#include "story/rewards.hpp"
#include "story/stage.hpp"

namespace qstar {

// The source of a round's problems.
class ProblemSource {
 public:
  virtual ~ProblemSource() = default;
  struct Proposal {
    std::vector<std::string> problems;
    std::int64_t tokens = 0;  // generated to propose them
    std::map<std::string, double> figures;
  };
  virtual Result<Proposal> propose(Story& story, const ModelFile& policy, std::int64_t round) = 0;
  // Takes the attempts at the proposed problems, in the same order, and may update the policy.
  // Returns figures of the round.
  virtual Result<std::map<std::string, double>> learn(PolicyLearner& policy,
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
  ModelFile policy;
  std::int64_t tokens = 0;  // generated
  std::optional<std::int64_t> tokens_to_target;
  double cpu_seconds = 0;  // without the quick evaluations
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

}  // namespace qstar

// A run of reinforcement learning: rounds of problems, attempts, rewards and updates until the
// generated tokens are spent.
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

// Where a round's problems come from.
class ProblemSource {
 public:
  virtual ~ProblemSource() = default;
  struct Proposal {
    std::vector<std::string> problems;
    std::int64_t tokens = 0;  // generated for it
    std::map<std::string, double> figures;
  };
  virtual Result<Proposal> propose(Story& story, const ModelFile& policy, std::int64_t round) = 0;
  // What became of them: groups in the order of the problems. May teach the policy, too. Figures of
  // the round.
  virtual Result<std::map<std::string, double>> learn(PolicyLearner& policy,
                                                      const std::vector<AttemptGroup>& groups,
                                                      double rate_factor) = 0;
  // Everything that the next rounds depend on.
  virtual std::string save() const = 0;
  virtual Status load(std::string_view bytes) = 0;
};

struct ReinforcePlan {
  std::string label;        // of saves and groups in the store, such as "rl.grpo"
  std::string stream = {};  // of problems and seeds: the same for runs that are compared; empty:
                            // the label
  std::string algorithm = "expert_iteration";
  std::string start = "base";  // the model it begins from
  RewardKind reward = RewardKind::kOutcome;
  std::string reward_model = {};  // whose scores the reward reads; empty: none
  ReinforceConfig config;
  double revisit_share = 0;  // of a round's problems; runs that are compared revisit nothing, so
                             // that they differ in what is compared alone
  std::optional<double> target = {};  // greedy accuracy at which the run may end
  ProblemSource* source = nullptr;    // null: the environment's
};

struct Reinforced {
  ModelFile policy;
  std::int64_t tokens = 0;  // generated
  std::optional<std::int64_t> tokens_to_target;
  double cpu_seconds = 0;                          // glances left out
  nlohmann::json curve = nlohmann::json::array();  // a round: {"tokens", "accuracy"} after it,
  // "lucky", "reward", "kl", … of the attempts it learned from
  std::vector<std::vector<bool>> glances;  // right or not, a point and problem
  // {"greedy", "sampled", "tokens", "cpu_seconds", "lucky", "curve"} for the report.
  Result<nlohmann::json> figures(const Story& story, std::string_view name) const;
};

// kInterrupted after a save: the same call in a resumed run goes on.
Result<Reinforced> reinforce(Story& story, const ReinforcePlan& plan);

}  // namespace qstar

// Algorithms of reinforcement learning: what each does with a round's attempts.
//
//   expert_iteration  the right ones of the last rounds become training data (Anthony et al. 2017)
//   search_guided     the same of what Q* found, led by the critic
//   grpo      policy gradients with advantages within a group, as rl.gradient says: by default with
//             DAPO's token mean and clips (learning/policy_gradient.hpp)
//   dr_grpo   the same with centred advantages and a constant token mean, whatever rl.gradient says
//   dapo      the same with DAPO's clips, token mean and price on length, whatever rl.gradient says
//   ppo               policy gradients with generalised advantages over steps (Schulman et al.
//   2016,
//                     2017); V of a state is a model's word on the step that led there: steps here
//                     have no other effect than the line they write, and pay nothing before the end
//   q_advantage       policy gradients with Q − V of every step, Q learned beside the policy
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "learning/model_file.hpp"
#include "learning/policy_learner.hpp"
#include "learning/tokenizer.hpp"
#include "story/story_config.hpp"

namespace qstar {

// What a round of attempts gave.
struct Round {
  std::vector<AttemptGroup> groups;
  std::vector<std::vector<double>> rewards;  // one a group and attempt
  double rate_factor = 1;                    // on all learning rates
};

class Improver {
 public:
  virtual ~Improver() = default;
  // Updates the policy; gives figures of the round.
  virtual std::map<std::string, double> improve(PolicyLearner& policy, Round round) = 0;
  // Everything that the next rounds depend on; load is the exact inverse, kCorrupt otherwise.
  virtual std::string save() const = 0;
  virtual Status load(std::string_view bytes) = 0;
};

// What an algorithm is made of.
struct ImproverParts {
  ReinforceConfig config;
  RewardConfig value;   // of PPO's value model
  CriticConfig critic;  // of q_advantage
  std::int64_t max_tokens = 64;
  const Tokenizer* tokenizer = nullptr;
  const ModelFile* start = nullptr;  // the policy it begins from, and the leash's reference
  bool measure_kl = false;           // from there, of policy gradients, also without a leash
  std::uint64_t seed = 0;
};

struct Algorithm {
  std::string_view name;
  std::string_view summary;
  bool searches = false;  // its attempts come from Q* led by the critic
  std::unique_ptr<Improver> (*make)(const ImproverParts& parts) = nullptr;
};
// kConfig names the known ones.
Result<Algorithm> find_algorithm(std::string_view name);
std::vector<std::string> algorithm_names();

// The makers, each in its own file.
std::unique_ptr<Improver> make_expert_iteration(const ImproverParts& parts);
std::unique_ptr<Improver> make_grpo(const ImproverParts& parts);
std::unique_ptr<Improver> make_dr_grpo(const ImproverParts& parts);
std::unique_ptr<Improver> make_dapo(const ImproverParts& parts);
std::unique_ptr<Improver> make_ppo(const ImproverParts& parts);
std::unique_ptr<Improver> make_q_advantage(const ImproverParts& parts);

}  // namespace qstar

// Reinforcement learning algorithms: how each updates the policy from a round of attempts.
//
//   expert_iteration  trains on the right attempts of the latest rounds (Anthony et al. 2017)
//   search_guided     the same, with attempts that Q* search found, guided by the critic
//   grpo              policy gradients with advantages within a group, configured by `gradient`: by
//                     default with DAPO's token mean and clipping
//                     (learning/policy/policy_gradient.hpp)
//   dr_grpo           the same with centred advantages and a constant token mean, which override
//                     `gradient`
//   dapo              the same with DAPO's clipping, token mean and penalty on long attempts, which
//                     override `gradient`
//   ppo               policy gradients with generalised advantage estimation over steps (Schulman
//                     et al. 2016, 2017). V of a state is the value model's score of the step that
//                     led there: a step only appends its line, and only the last has a reward
//   q_advantage       policy gradients with Q − V of every step; Q is learned beside the policy
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "experiment/engine.hpp"
#include "experiment/text/reinforce_config.hpp"
#include "learning/failed_batch.hpp"
#include "learning/policy/policy_learner.hpp"
#include "model/model_file.hpp"
#include "model/tokenizer.hpp"

namespace qstar::experiment {

// The attempts of one round and their rewards.
struct Round {
  std::vector<AttemptGroup> groups;
  std::vector<std::vector<double>> rewards;  // [groups][attempts]
  double rate_factor = 1;                    // multiplies all learning rates
  // Of the learner's policy at the beginning of the round; null: it made all of the attempts.
  EngineLogprobs* proximal = nullptr;
};

class Improver {
 public:
  virtual ~Improver() = default;
  // Updates the policy and returns figures of the round, such as "loss". kConfig says that a loss
  // or gradient norm is not finite, and where the batch is kept; the update has then not been made.
  virtual Result<std::map<std::string, double>> improve(learning::PolicyLearner& policy,
                                                        Round round) = 0;
  // All state on which later rounds depend. load restores it; kCorrupt when the bytes are damaged.
  virtual std::string save() const = 0;
  virtual Status load(std::string_view bytes) = 0;
};

// The parameters of every maker below.
struct ImproverParts {
  ReinforceConfig config;
  std::int64_t max_tokens = 64;
  const model::Tokenizer* tokenizer = nullptr;
  const model::ModelFile* start =
      nullptr;              // the initial policy, also the reference of the KL penalty
  bool measure_kl = false;  // policy gradients: report the KL divergence without a penalty, too
  std::uint64_t seed = 0;
  learning::FailedBatches failed = {};
};

// `algorithm`: one of algorithms.hpp.
std::unique_ptr<Improver> make_improver(std::string_view algorithm, const ImproverParts& parts);

// The makers, each in its own file.
std::unique_ptr<Improver> make_expert_iteration(const ImproverParts& parts);
std::unique_ptr<Improver> make_grpo(const ImproverParts& parts);
std::unique_ptr<Improver> make_dr_grpo(const ImproverParts& parts);
std::unique_ptr<Improver> make_dapo(const ImproverParts& parts);
std::unique_ptr<Improver> make_ppo(const ImproverParts& parts);
std::unique_ptr<Improver> make_q_advantage(const ImproverParts& parts);

}  // namespace qstar::experiment

// The Q-critic: Q(state, next step) learned from the win signal alone.
//
// Network: a copy of the policy's trunk plus one block and a scalar head, read at the separator
// that closes a step; the extra block also sees the trunk's own log p(token) and log p − max log p.
// Learning: double Q-learning (van Hasselt, Guez, Silver 2016) over the tree that the attempts of a
// group span: the target of a step is the win for the last one, otherwise
//   γ · Q_target(s′, argmax_{a′} Q_online(s′, a′)),
// a′ over the steps that any attempt of the group took in s′. The target network is a copy, renewed
// every `target_period` updates.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/models.hpp"
#include "core/result.hpp"
#include "core/trajectory.hpp"
#include "learning/model_file.hpp"
#include "learning/policy_learner.hpp"

namespace qstar {

struct CriticConfig {
  std::int64_t updates_per_version = 12;
  std::int64_t groups_per_update = 8;
  double discount = 1.0;            // γ
  std::int64_t target_period = 20;  // updates between copies to the target network
  double inside_weight = 0.2;       // loss weight on tokens inside a step (1 at its end)
  double language_weight = 0.5;     // weight of the trunk's language-model loss on won attempts
  OptimizerConfig optimizer{.muon_rate = 0.02, .adamw_rate = 0.004, .warmup = 20};
  void describe(FieldVisitor& v);
  friend bool operator==(const CriticConfig&, const CriticConfig&) = default;
};

// A group whose sampling was corrected for prioritised replay (Schaul et al. 2016).
struct WeightedGroup {
  const AttemptGroup* group = nullptr;
  float weight = 1;  // importance-sampling correction, in (0, 1]
};

struct CriticStats {
  double loss = 0;                // weighted binary cross-entropy, nats
  std::vector<float> priorities;  // one a group: mean |TD error| over its steps
  std::int64_t tokens = 0;
};

class CriticLearner final : public StepScorer {
 public:
  // The trunk starts as a copy of the policy.
  CriticLearner(const ModelFile& policy, std::uint64_t seed);
  ~CriticLearner() override;
  CriticLearner(CriticLearner&&) noexcept;
  CriticLearner& operator=(CriticLearner&&) noexcept;

  CriticStats update(std::span<const WeightedGroup> groups, const CriticConfig& config,
                     double rate_factor);
  // Q of every step of every attempt, in order; attempts that do not encode give none.
  std::vector<std::vector<float>> step_values(std::span<const Trajectory> attempts);
  ScorerRole role() const override { return ScorerRole::kCritic; }
  std::vector<float> scores(std::span<const StepQuery> queries) override;

  std::int64_t updates() const;
  // The critic as a model file (role "critic"); its own extra tensors beside the trunk's.
  ModelFile model() const;
  std::string save() const;
  Status load(std::string_view bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Writes the critic's Q into every step of the group's attempts, and its updates so far as their
// critic_version.
void write_values(CriticLearner& critic, AttemptGroup& group);

// The tree of states that a group's attempts span, and the double-Q targets on it: pure.
// `online` and `target` hold Q a step of every attempt; returns the targets in the same shape.
std::vector<std::vector<float>> double_q_targets(const AttemptGroup& group,
                                                 std::span<const std::vector<float>> online,
                                                 std::span<const std::vector<float>> target,
                                                 double discount);

// How well Q tells right steps from wrong ones (by the exact verifier) and how honest it is.
struct CriticReport {
  // P(Q of a right step > Q of a wrong one), ties half, over the steps up to an attempt's first
  // wrong one: what comes after it cannot win any more.
  double step_auc = 0.5;
  double calibration_error = 0;  // expected calibration error over 10 bins, against the win
  std::int64_t steps = 0;
  struct Bin {
    double mean_q = 0, win_rate = 0;
    std::int64_t n = 0;
  };
  std::vector<Bin> bins;  // 10 of equal width
};
CriticReport assess(std::span<const Trajectory> attempts, std::span<const std::vector<float>> q);

}  // namespace qstar

// The Q-critic: Q(state, next step) learned from the win signal alone.
//
// Network: a copy of the policy's trunk plus one block and a scalar head, read at the separator
// that closes a step; the extra block also sees the trunk's own log p(token) and log p − max log p.
// Training: the targets of q_targets.hpp, over the tree that the attempts of a group span. Double Q
// and n steps use a target network, a copy of the network that is updated every `target_period`
// updates.
//
// Dueling heads (Wang et al. 2016, arXiv 1511.06581): the logit of Q(s, a) is V(s) + A(s, a), V
// read by a second head at the separator before the step. Departs from the paper's eq. 9, which
// subtracts the mean of A over all actions: the possible steps of a text cannot be listed, and a
// search that scores one step knows no others. Instead the loss has the squared mean of A over the
// different steps that the group's attempts took in a state, times `centring`, which separates V
// from A without changing inference.
//
// Conservative Q-learning (Kumar et al. 2020, arXiv 2006.04779, eq. 4, CQL(H)): `conservative`
// times the mean over all steps of log Σ_a exp Q(s, a) − Q(s, a of the data). Departs from the
// paper in the actions of the sum, which for text cannot be listed: they are the different steps
// that the group's attempts took in s; the data are those steps as often as attempts took them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "data/trajectory.hpp"
#include "learning/critic/q_targets.hpp"
#include "learning/policy/policy_learner.hpp"
#include "model/model_file.hpp"
#include "model/models.hpp"

namespace qstar::learning {

struct CriticConfig {
  std::int64_t groups_per_update = 8;
  // Attempts per group to learn from, drawn again for every update; 0: all. Backups use the whole
  // group, so that a batch can have as many problems as attempts; double Q and n steps use only the
  // drawn attempts.
  std::int64_t attempts_per_group = 0;
  std::string target = "double_q";  // a word of kQTargets
  std::int64_t steps = 3;           // for the target n_step
  double luck = 0.03;               // for the target kept_chance
  double discount = 1.0;            // γ
  std::int64_t target_period = 20;  // updates between copies to the target network
  double inside_weight = 0.2;       // loss weight on tokens inside a step (1 at its end)
  double language_weight = 0.5;     // weight of the trunk's language-model loss on won attempts
  bool dueling = false;             // Q = V + A
  double centring = 0.1;            // dueling heads: weight of the squared mean of A in a state
  double conservative = 0;          // α of conservative Q-learning
  OptimizerConfig optimizer{.muon_rate = 0.02, .adamw_rate = 0.004, .warmup = 20};
  void describe(FieldVisitor& v);
  friend bool operator==(const CriticConfig&, const CriticConfig&) = default;
};

// One head (Q), or two (V + A).
enum class ScorerHeads : std::uint8_t { kPlain, kDueling };
inline ScorerHeads heads_of(const CriticConfig& config) {
  return config.dueling ? ScorerHeads::kDueling : ScorerHeads::kPlain;
}

// A group whose sampling was corrected for prioritised replay (Schaul et al. 2016).
struct WeightedGroup {
  const AttemptGroup* group = nullptr;
  float weight = 1;  // importance-sampling correction, in (0, 1]
};

struct CriticStats {
  double loss = 0;                // weighted binary cross-entropy, nats, without penalties
  std::vector<float> priorities;  // one per group: mean |TD error| over its steps
  std::int64_t tokens = 0;
};

class CriticLearner final : public model::StepScorer {
 public:
  // The trunk starts as a copy of the policy.
  CriticLearner(const model::ModelFile& policy, std::uint64_t seed,
                ScorerHeads heads = ScorerHeads::kPlain);
  ~CriticLearner() override;
  CriticLearner(CriticLearner&&) noexcept;
  CriticLearner& operator=(CriticLearner&&) noexcept;

  // One optimiser step. kConfig says that the loss or the gradient norm is not finite; then the
  // critic has not changed.
  Result<CriticStats> update(std::span<const WeightedGroup> groups, const CriticConfig& config,
                             double rate_factor);
  // Q of every closed step of every attempt, in order; empty for attempts that cannot be encoded.
  std::vector<std::vector<float>> step_values(std::span<const Trajectory> attempts);
  model::ScorerRole role() const override { return model::ScorerRole::kCritic; }
  std::vector<float> scores(std::span<const model::StepQuery> queries) override;

  std::int64_t updates() const;
  // The critic as a model file (role "critic"): the trunk's tensors and its own.
  model::ModelFile model() const;
  // kCorrupt names `source` when the bytes are not those of save() for this critic, or a number is
  // not finite; then nothing has changed.
  std::string save() const;
  Status load(std::string_view bytes, std::string_view source);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Writes the critic's Q into every closed step of the group's attempts, and its updates so far as
// their critic_version.
void write_values(CriticLearner& critic, AttemptGroup& group);

// How well Q separates right steps from wrong ones (by the exact verifier), and its calibration.
struct CriticReport {
  // P(Q of a right step > Q of a wrong one), ties count half, over the steps up to an attempt's
  // first wrong one; later steps cannot win any more.
  double step_auc = 0.5;
  double calibration_error = 0;  // expected calibration error over 10 bins, against the win
  std::int64_t steps = 0;
  struct Bin {
    double mean_q = 0, win_rate = 0;
    std::int64_t n = 0;
  };
  std::vector<Bin> bins;  // 10 of equal width
};
// `q`: rows as step_values returns them; steps without a value are left out.
CriticReport assess(std::span<const Trajectory> attempts, std::span<const std::vector<float>> q);

}  // namespace qstar::learning

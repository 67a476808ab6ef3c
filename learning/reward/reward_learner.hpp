// Reward models: learned judges of steps (process, PRM; Lightman et al. 2023), of whole solutions
// (outcome, ORM; Cobbe et al. 2021), and of which of two solutions is the better one (preference;
// Bradley & Terry 1952, Christiano et al. 2017, Ouyang et al. 2022).
//
// Network: the same as the critic's (learning/nn/step_scorer.hpp). A PRM and an ORM differ only in
// their targets: one label per step, or the outcome; step_labels.hpp makes both. Loss: binary
// cross-entropy, weight 1 where a step ends and `inside_weight` before, plus `language_weight`
// times the trunk's next-token loss on the steps labelled right. A preference model has
// −log σ(r_better − r_worse), r the logit where the solution's last closed step ends, plus the same
// next-token loss on the better one (Askell et al. 2021).
//
// Torch-free to include. Not thread-safe; deterministic: the same calls give bit-identical weights.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "data/trajectory.hpp"
#include "learning/policy/policy_learner.hpp"
#include "model/model_file.hpp"
#include "model/models.hpp"

namespace qstar::learning {

struct RewardConfig {
  std::int64_t updates = 450;
  std::int64_t attempts_per_update = 64;  // preference model: pairs
  double inside_weight = 0.2;             // loss weight on tokens inside a step (1 at its end)
  double language_weight = 0.5;           // weight of the trunk's loss on steps labelled right
  OptimizerConfig optimizer{.muon_rate = 0.02, .adamw_rate = 0.004, .warmup = 20};
  void describe(FieldVisitor& v);
  friend bool operator==(const RewardConfig&, const RewardConfig&) = default;
};

// The inverse of to_string(ScorerRole) for reward models; nullopt for other text, also "critic".
std::optional<model::ScorerRole> reward_role(std::string_view text);

// Targets in [0, 1], one per step; NaN for a step without a label.
struct LabelledAttempt {
  const Trajectory* attempt = nullptr;
  std::vector<float> targets;
};

struct RankedPair {
  const Trajectory* better = nullptr;
  const Trajectory* worse = nullptr;
};
// Every pair of attempts with different ranks; rank 1 is the best.
std::vector<RankedPair> pairs_of(std::span<const Trajectory> attempts,
                                 std::span<const std::int64_t> ranks);

struct RewardStats {
  double loss = 0;           // without the language-model loss, nats
  std::int64_t learned = 0;  // number of steps with a target, or of pairs
  std::int64_t tokens = 0;   // rows × length, padding included
};

class RewardLearner final : public model::StepScorer {
 public:
  // The trunk starts as a copy of the policy; the role is not kCritic.
  RewardLearner(const model::ModelFile& policy, model::ScorerRole role, std::uint64_t seed);
  // From model()'s file, with a fresh optimiser. kCorrupt: another role, or tensors of another
  // shape.
  static Result<RewardLearner> from_model(const model::ModelFile& model);
  ~RewardLearner() override;
  RewardLearner(RewardLearner&&) noexcept;
  RewardLearner& operator=(RewardLearner&&) noexcept;

  // One optimiser step of a process or outcome model; steps without a target are ignored. kConfig
  // says that the loss or the gradient norm is not finite; then the model has not changed.
  Result<RewardStats> update(std::span<const LabelledAttempt> batch, const RewardConfig& config,
                             double rate_factor);
  // One optimiser step of a preference model; errors as above. Pairs that cannot be encoded or have
  // no closed step are left out.
  Result<RewardStats> update(std::span<const RankedPair> batch, const RewardConfig& config,
                             double rate_factor);

  // σ of the logit at the end of every step of every attempt; empty for attempts that cannot be
  // encoded. For a preference model only the order of scores is meaningful.
  std::vector<std::vector<float>> step_scores(std::span<const Trajectory> attempts);
  std::vector<float> scores(std::span<const model::StepQuery> queries) override;

  model::ScorerRole role() const override;
  std::int64_t updates() const;
  // A model file of this role: the trunk's tensors and its own.
  model::ModelFile model() const;
  // kCorrupt names `source` when the bytes are not those of save() for this model, or a number is
  // not finite; then nothing has changed.
  std::string save() const;
  Status load(std::string_view bytes, std::string_view source);

 private:
  struct Impl;
  explicit RewardLearner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qstar::learning

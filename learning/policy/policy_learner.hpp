// Trains the policy's network: by weighted next-token prediction, or by policy gradients.
//
// Torch-free to include: the network and its optimisers live in learning/nn/. Not thread-safe; one
// torch thread. Deterministic: the same calls give bit-identical weights on the same machine.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "learning/policy/batch.hpp"
#include "model/model_file.hpp"

namespace qstar::learning {

// Muon (Jordan et al. 2024) on the block matrices, AdamW (Loshchilov & Hutter 2019) on the rest.
struct OptimizerConfig {
  double muon_rate = 0.02;
  double adamw_rate = 0.003;
  double weight_decay = 0.0;
  double clip = 1.0;          // global gradient norm
  std::int64_t warmup = 100;  // steps of linear warm-up
  double decay_start = 0.5;   // share of all steps after which the rate falls linearly
  double decay_to = 0.05;     // to this share of the full rate
  void describe(FieldVisitor& v);
  friend bool operator==(const OptimizerConfig&, const OptimizerConfig&) = default;
};
// The factor on both rates at `step` of `total`, in (0, 1].
double schedule(const OptimizerConfig& config, std::int64_t step, std::int64_t total);

struct TrainStats {
  double loss = 0;           // weighted mean, nats per token
  double gradient_norm = 0;  // before clipping
  std::int64_t tokens = 0;   // rows × length, padding included
};

struct PolicyGradientBatch;  // learning/policy/policy_gradient.hpp
struct PolicyGradientConfig;
struct PolicyGradientStats;

class PolicyLearner {
 public:
  // Fresh weights from the seed.
  PolicyLearner(const model::ModelSpec& spec, const model::Tokenizer& tokenizer,
                std::uint64_t seed);
  // A policy's weights with a fresh optimiser: to train further, or as a frozen reference.
  explicit PolicyLearner(const model::ModelFile& policy);
  ~PolicyLearner();
  PolicyLearner(PolicyLearner&&) noexcept;
  PolicyLearner& operator=(PolicyLearner&&) noexcept;

  // One optimiser step; the batch is processed in parts (batch.hpp, split_by_length).
  // `rate_factor` multiplies both rates (see schedule()). kConfig says that the loss or the
  // gradient norm is not finite; then weights and moments have not changed.
  Result<TrainStats> update(const TokenBatch& batch, const OptimizerConfig& config,
                            double rate_factor);
  // Mean loss without an update.
  double loss(const TokenBatch& batch) const;

  // One optimiser step on the loss of learning/policy/policy_gradient.hpp; errors as above. An
  // empty batch changes nothing.
  Result<PolicyGradientStats> update_policy_gradient(const PolicyGradientBatch& batch,
                                                     const PolicyGradientConfig& config,
                                                     double rate_factor);
  // log p of the token AT each place under these weights, [rows, length], nats; 0 at place 0 and
  // behind the last place with weight. One temperature > 0 per row. Computed in parts of similar
  // length (batch.hpp).
  std::vector<float> logprobs(const TokenBatch& batch, std::span<const float> temperatures) const;

  // The weights as a model whose only metadata are spec and characters.
  model::ModelFile model() const;
  // Forgets the optimiser's moments (at the start of a new stage).
  void reset_optimizer();
  // Exchanges the optimiser's moments with a second set, which starts fresh, for training on
  // another kind of data in between. Muon's steps have a fixed length however small the gradients
  // are, so that moments of one kind of data would misdirect the steps on the other.
  void swap_optimizer();

  // Weights, both sets of optimiser state and counters as bytes; load restores them. kCorrupt
  // names `source` when the bytes do not fit this model or a number is not finite; then nothing has
  // changed.
  std::string save() const;
  Status load(std::string_view bytes, std::string_view source);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Sets torch to one thread, flushes denormals to zero, and checks that OpenBLAS is loaded (kConfig
// with the remedy when it is the slow reference BLAS; kIo when there is no memory for it). Call
// once, before the first learner.
Status prepare_torch();

}  // namespace qstar::learning

// Policy gradients: configuration and batches, without torch.
//
// The loss of a token with advantage A, by its log-probabilities under three policies:
//   r = exp(log π − log π_proximal);  w = min(exp(log π_proximal − log π_behaviour),
//   importance_cap) −w · min(r·A, clamp(r, 1 − clip_low, 1 + clip_high)·A)
//   + kl_weight · (exp(k) − k − 1), k = log π_reference − log π   (k3; Schulman 2020)
//   − entropy_weight · entropy of π
// π_behaviour is the policy that sampled the token; its log-probability is stored with the step.
// π_proximal is the learner's policy before the first update of the round. When the learner's own
// policy made all attempts of a round, the two are the same: nothing is computed for π_proximal, w
// is 1, and this is PPO's loss (Schulman et al. 2017). When older weights made some of them, the
// setting `correction` decides:
//   decoupled  the loss above (Hilton et al. 2022, "Batch size-invariance for policy optimization",
//              arXiv 2110.00641; for asynchronous training of language models: AReaL, Fu et al.
//              2025, arXiv 2505.24298). The clip limits how far the updates of a round move the
//              policy; w corrects for the tokens having been sampled by another policy. The cap
//              bounds the variance of w (truncated importance sampling, Ionides 2008).
//   clipped    r is relative to π_behaviour and w is 1: PPO's loss. A token whose probability has
//              already left the clip range since it was sampled pushes it no further.
//   none       r is relative to π_proximal and w is 1, as if π_proximal had made the attempts.
// Neither the KL penalty nor the entropy bonus is corrected. Separate clips are DAPO's (Yu et al.
// 2025). All log-probabilities are nats at the attempt's sampling temperature.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "learning/policy/advantages.hpp"
#include "learning/policy/batch.hpp"
#include "learning/policy/policy_learner.hpp"

namespace qstar::learning {

struct PolicyGradientConfig {
  std::string baseline = "group";    // GroupBaseline
  std::string token_mean = "token";  // TokenMean
  bool drop_equal = true;            // leave out groups with equal rewards
  double clip_low = 0.2;
  double clip_high = 0.28;
  std::string correction = "decoupled";  // Correction
  double importance_cap = 2;             // the largest w
  double kl_weight = 0;                  // KL penalty towards the reference policy
  double entropy_weight = 0;
  std::int64_t overlong_ramp =
      0;  // tokens before max_tokens where the length penalty starts; 0: none
  OptimizerConfig optimizer{.muon_rate = 0.003, .adamw_rate = 0.0006, .warmup = 0};
  void describe(FieldVisitor& v);
  friend bool operator==(const PolicyGradientConfig&, const PolicyGradientConfig&) = default;
};
// The configuration's words as enumerators; parsing allows no other words.
GroupBaseline group_baseline(const PolicyGradientConfig& config);
// The weight of a token in a batch of A attempts, an attempt having t tokens.
enum class TokenMean : std::uint8_t {
  kToken,     // 1/Σt: equal weight per token (DAPO)
  kAttempt,   // 1/(A·t): equal weight per attempt (GRPO)
  kConstant,  // 1/(A·max_tokens): independent of the length (Dr. GRPO)
};
TokenMean token_mean(const PolicyGradientConfig& config);
// For attempts that older weights made; see above.
enum class Correction : std::uint8_t { kDecoupled, kClipped, kNone };
Correction correction(const PolicyGradientConfig& config);

// An attempt and the advantages of its steps.
struct AdvantagedAttempt {
  const Trajectory* attempt = nullptr;
  std::vector<double> advantages;  // one per step
};

// Appends a group's attempts with group-relative advantages of the win, minus the length penalty:
// the same advantage at every step of an attempt. Appends nothing when drop_equal applies.
void append_group(const AttemptGroup& group, const PolicyGradientConfig& config,
                  std::int64_t max_tokens, std::vector<AdvantagedAttempt>& attempts);
// The same for other rewards, one per attempt.
void append_rewarded(const AttemptGroup& group, std::vector<double> rewards,
                     const PolicyGradientConfig& config, std::int64_t max_tokens,
                     std::vector<AdvantagedAttempt>& attempts);
// Appends a group's attempts with advantages from the steps' Q values (advantages.hpp).
void append_steps(const AttemptGroup& group, StepBaseline baseline,
                  std::vector<AdvantagedAttempt>& attempts);

struct PolicyGradientStats {
  double loss = 0;           // all terms, nats
  double kl = 0;             // from the reference, nats per token; 0 without one
  double entropy = 0;        // nats per token
  double clipped = 0;        // share of the tokens whose gradient the clip removed
  double gradient_norm = 0;  // before clipping
  std::int64_t tokens = 0;   // rows × length, padding included
};

// Rows of tokens; tokens that were not generated have weight 0.
struct PolicyGradientBatch {
  TokenBatch tokens;  // the weights are the tokens' shares of the loss
  // [rows, length], of the token AT this place, as the weights are:
  std::vector<float> advantages;
  std::vector<float> behaviour_logprobs;
  // Or empty: r is relative to the behaviour policy and w is 1, unless proximal_is_learner.
  std::vector<float> proximal_logprobs;
  bool proximal_is_learner = false;  // the learner's policy before this update is the proximal one
  std::vector<float> reference_logprobs;  // or empty: no KL penalty
  std::vector<float> temperatures;        // [rows], > 0
  std::int64_t left_out = 0;  // attempts that are greedy, without log-probabilities, or cannot
                              // be encoded
};
// `max_tokens`: the token limit per attempt, for TokenMean::kConstant.
PolicyGradientBatch policy_gradient_batch(const model::Tokenizer& tokenizer,
                                          std::span<const AdvantagedAttempt> attempts,
                                          TokenMean mean, std::int64_t max_tokens);

// How likely are the generated tokens of each row? For a policy other than the learner's.
std::vector<model::LogprobRequest> logprob_requests(const PolicyGradientBatch& batch);
// The answers, one per row, in the batch's layout [rows, length].
std::vector<float> rows_of(const PolicyGradientBatch& batch,
                           std::span<const std::vector<float>> logprobs);

}  // namespace qstar::learning

// What a policy-gradient update eats, and how it is configured: torch-free.
//
// The loss of a token with advantage A, and its log-probability under three policies:
//   d = log π − log π_proximal;  r = exp(d);  w = min(exp(log π_proximal − log π_behaviour), cap)
//   −w · min(r·A, clamp(r, 1 − clip_low, 1 + clip_high)·A)
//   + kl_weight · (exp(k) − k − 1), k = log π_reference − log π   (k3; Schulman 2020)
//   − entropy_weight · entropy of π
// π_behaviour is the policy that sampled the token: its log-probability is stored with the step.
// π_proximal is the learner's own before the first update on the batch, from which r may stray; the
// decoupling of the two (Hilton et al. 2022) lets older attempts be used. Where there are no
// proximal log-probabilities the behaviour's serve, and this is PPO's loss (Schulman et al. 2017).
// Separate clips are DAPO's (Yu et al. 2025). All log-probabilities are nats at the attempt's
// sampling temperature.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "learning/advantages.hpp"
#include "learning/batch.hpp"
#include "learning/policy_learner.hpp"

namespace qstar {

struct PolicyGradientConfig {
  std::string baseline = "group";    // GroupBaseline
  std::string token_mean = "token";  // TokenMean
  bool drop_equal = true;            // groups that all won or all lost
  double clip_low = 0.2;
  double clip_high = 0.28;
  double importance_cap = 2;  // on w
  double kl_weight = 0;       // leash to the reference
  double entropy_weight = 0;
  std::int64_t overlong_ramp = 0;  // tokens before max_tokens from which length costs; 0: none
  OptimizerConfig optimizer{.muon_rate = 0.003, .adamw_rate = 0.0006, .warmup = 0};
  void describe(FieldVisitor& v);
  friend bool operator==(const PolicyGradientConfig&, const PolicyGradientConfig&) = default;
};
// The words as enumerators; parsing allows no other words.
GroupBaseline group_baseline(const PolicyGradientConfig& config);
// How much a token counts; the weights of a batch of A attempts, t tokens each.
enum class TokenMean : std::uint8_t {
  kToken,     // 1/Σt: every token the same (DAPO)
  kAttempt,   // 1/(A·t): every attempt the same (GRPO)
  kConstant,  // 1/(A·max_tokens): no length in it (Dr. GRPO)
};
TokenMean token_mean(const PolicyGradientConfig& config);

// An attempt and what to make of it.
struct AdvantagedAttempt {
  const Trajectory* attempt = nullptr;
  std::vector<double> advantages;  // one a step
};

// Group-relative advantages of the win, with the penalty of overlong attempts: appended, the same
// at every step of an attempt. Nothing from a group to be dropped.
void append_group(const AttemptGroup& group, const PolicyGradientConfig& config,
                  std::int64_t max_tokens, std::vector<AdvantagedAttempt>& attempts);
// The same of other rewards, one an attempt.
void append_rewarded(const AttemptGroup& group, std::vector<double> rewards,
                     const PolicyGradientConfig& config, std::int64_t max_tokens,
                     std::vector<AdvantagedAttempt>& attempts);
// Step advantages of the Q that the steps carry (advantages.hpp): appended.
void append_steps(const AttemptGroup& group, StepBaseline baseline,
                  std::vector<AdvantagedAttempt>& attempts);

struct PolicyGradientStats {
  double loss = 0;           // with all of its terms, nats
  double kl = 0;             // from the reference, nats a token; 0 without one
  double entropy = 0;        // nats a token
  double clipped = 0;        // share of the tokens that the clip kept from teaching
  double gradient_norm = 0;  // before clipping
  std::int64_t tokens = 0;   // rows × length, padding included
};

// Rows of tokens; what is not a generated token weighs nothing.
struct PolicyGradientBatch {
  TokenBatch tokens;  // its weights are the tokens' shares in the loss
  // [rows, length], of the token AT this place, as the weights are:
  std::vector<float> advantages;
  std::vector<float> behaviour_logprobs;
  std::vector<float> proximal_logprobs;   // or empty
  std::vector<float> reference_logprobs;  // or empty: then there is no leash
  std::vector<float> temperatures;        // [rows], > 0
  std::int64_t left_out = 0;  // attempts that are greedy, without log-probabilities, or do not
                              // encode
};
// `max_tokens`: an attempt's limit, for TokenMean::kConstant.
PolicyGradientBatch policy_gradient_batch(const Tokenizer& tokenizer,
                                          std::span<const AdvantagedAttempt> attempts,
                                          TokenMean mean, std::int64_t max_tokens);

}  // namespace qstar

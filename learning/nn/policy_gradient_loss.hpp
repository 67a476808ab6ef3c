// The terms of policy-gradient losses, token by token: pure functions of tensors, all of one shape.
// The formulas and their sources are in learning/policy/policy_gradient.hpp. Logarithms of ratios
// are held within ±20, so that no token makes a loss that is not finite.
#pragma once

#include <ATen/core/Tensor.h>

#include "learning/policy/policy_gradient.hpp"

namespace qstar::learning::nn {

// log π of every token from the second on, at each row's temperature, and the whole distribution:
// logits [B,T,V], tokens [B,T] int64, temperatures [B] -> all [B,T−1,V], taken [B,T−1].
struct TokenLogprobs {
  at::Tensor all, taken;
};
TokenLogprobs token_logprobs(const at::Tensor& logits, const at::Tensor& tokens,
                             const at::Tensor& temperatures);

struct Surrogate {
  at::Tensor loss;
  at::Tensor clipped;  // 1 where the clip removed the gradient, 0 elsewhere
};
// −w · min(r·A, clamp(r)·A). Only `logprobs` receives gradients. An undefined `proximal`: r is
// relative to the behaviour policy, and w is 1.
Surrogate clipped_surrogate(const at::Tensor& logprobs, const at::Tensor& proximal,
                            const at::Tensor& behaviour, const at::Tensor& advantages,
                            const PolicyGradientConfig& config);

// exp(k) − k − 1 >= 0: an unbiased, low-variance estimate of KL(π, reference) on π's own samples.
at::Tensor k3_divergence(const at::Tensor& logprobs, const at::Tensor& reference);

// −Σ p log p over the last dimension.
at::Tensor entropy(const at::Tensor& all_logprobs);

// PPO's clipped value loss (Schulman et al. 2017; as in their baselines): the weighted mean of
// ½ max((V − R)², (V_old + clamp(V − V_old, ±clip) − R)²).
at::Tensor clipped_value_loss(const at::Tensor& values, const at::Tensor& old_values,
                              const at::Tensor& returns, const at::Tensor& weights, double clip);

}  // namespace qstar::learning::nn

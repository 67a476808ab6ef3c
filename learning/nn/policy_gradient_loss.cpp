#include "learning/nn/policy_gradient_loss.hpp"

#include <ATen/ATen.h>

namespace qstar::learning::nn {
namespace {

constexpr double kLargest = 20;  // exp(20) = 5e8

}  // namespace

TokenLogprobs token_logprobs(const at::Tensor& logits, const at::Tensor& tokens,
                             const at::Tensor& temperatures) {
  const auto scaled = logits.slice(1, 0, -1) / temperatures.view({-1, 1, 1});
  const auto all = at::log_softmax(scaled, -1);
  return {all, all.gather(-1, tokens.slice(1, 1).unsqueeze(-1)).squeeze(-1)};
}

Surrogate clipped_surrogate(const at::Tensor& logprobs, const at::Tensor& proximal,
                            const at::Tensor& behaviour, const at::Tensor& advantages,
                            const PolicyGradientConfig& config) {
  const auto how = proximal.defined() ? correction(config) : Correction::kClipped;
  const auto& centre = how == Correction::kClipped ? behaviour : proximal;
  const auto ratio = (logprobs - centre.detach()).clamp(-kLargest, kLargest).exp();
  const auto free = ratio * advantages;
  const auto held = ratio.clamp(1 - config.clip_low, 1 + config.clip_high) * advantages;
  auto loss = -at::minimum(free, held);
  if (how == Correction::kDecoupled) {
    const auto weight = (proximal - behaviour).clamp(-kLargest, kLargest).exp();
    loss = loss * weight.clamp_max(config.importance_cap).detach();
  }
  return {loss, (held < free).to(logprobs.scalar_type())};
}

at::Tensor k3_divergence(const at::Tensor& logprobs, const at::Tensor& reference) {
  const auto k = (reference.detach() - logprobs).clamp(-kLargest, kLargest);
  return k.exp() - k - 1;
}

at::Tensor entropy(const at::Tensor& all_logprobs) {
  return -(all_logprobs.exp() * all_logprobs).sum(-1);
}

at::Tensor clipped_value_loss(const at::Tensor& values, const at::Tensor& old_values,
                              const at::Tensor& returns, const at::Tensor& weights, double clip) {
  const auto held = old_values + (values - old_values).clamp(-clip, clip);
  const auto loss = at::maximum((values - returns).square(), (held - returns).square()) * 0.5;
  return (loss * weights).sum() / weights.sum().clamp_min(1e-8);
}

}  // namespace qstar::learning::nn

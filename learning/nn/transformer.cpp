#include "learning/nn/transformer.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "learning/nn/attention.hpp"

namespace qstar::learning::nn {
namespace {

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

at::Tensor norm(const Parameters& p, const std::string& name, const at::Tensor& x) {
  return at::layer_norm(x, {x.size(-1)}, p.at(name + ".weight"), p.at(name + ".bias"), 1e-5);
}

at::Tensor linear(const Parameters& p, const std::string& name, const at::Tensor& x) {
  return at::linear(x, p.at(name + ".weight"));
}

at::Tensor initial(const std::string& name, const std::vector<std::int64_t>& shape,
                   const model::ModelSpec& spec, Rng& rng) {
  if (ends_with(name, ".bias")) return at::zeros(shape);
  if (shape.size() == 1) return at::ones(shape);
  double deviation = 1.0 / std::sqrt(static_cast<double>(shape[1]));
  if (name == "embed.weight") deviation = 0.5;
  if (name == "digit.weight") deviation = 0.2;
  if (ends_with(name, "out.weight") || ends_with(name, "down.weight"))
    deviation /= std::sqrt(2.0 * static_cast<double>(spec.layers));
  return normal_tensor(shape, deviation, rng);
}

// LinePlace::digit of every token: [B,T] int64.
at::Tensor digits_of(const at::Tensor& tokens) {
  const auto rows = tokens.contiguous();
  auto digits = at::empty_like(rows);
  const auto t = rows.size(1);
  for (std::int64_t row = 0; row < rows.size(0); ++row) {
    const auto places = line_places(rows.data_ptr<std::int64_t>() + row * t, t);
    auto* out = digits.data_ptr<std::int64_t>() + row * t;
    for (const auto& at : places) *out++ = at.digit;
  }
  return digits;
}

}  // namespace

at::Tensor normal_tensor(const std::vector<std::int64_t>& shape, double deviation, Rng& rng) {
  auto tensor = at::empty(shape);
  auto* data = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    data[i] = static_cast<float>(deviation * rng.normal());
  return tensor;
}

Parameters initial_parameters(const model::ModelSpec& spec, std::int64_t vocabulary,
                              std::uint64_t seed) {
  Parameters p;
  Rng rng(seed);
  for (const auto& [name, shape] : model::policy_shapes(spec, vocabulary)) {
    p[name] = initial(name, shape, spec, rng).requires_grad_();
  }
  return p;
}

Parameters from_model(const model::ModelFile& model, bool gradients) {
  Parameters p;
  for (const auto& [name, tensor] : model.tensors) {
    auto copy = at::empty(tensor.shape);
    std::copy(tensor.data.begin(), tensor.data.end(), copy.data_ptr<float>());
    p[name] = copy.requires_grad_(gradients);
  }
  return p;
}

void to_model(const Parameters& parameters, model::ModelFile& model) {
  for (const auto& [name, parameter] : parameters) {
    const auto flat = parameter.detach().contiguous();
    const auto* data = flat.data_ptr<float>();
    model.tensors[name] = {flat.sizes().vec(), std::vector<float>(data, data + flat.numel())};
  }
}

at::Tensor block(const Parameters& p, const std::string& prefix, const model::ModelSpec& spec,
                 const at::Tensor& sights, const at::Tensor& x) {
  const auto qkv = linear(p, prefix + ".attention.qkv", norm(p, prefix + ".norm1", x));
  const auto y = x + linear(p, prefix + ".attention.out", attention(qkv, sights, spec.rope_base));
  const auto up = linear(p, prefix + ".mlp.up", norm(p, prefix + ".norm2", y));
  return y + linear(p, prefix + ".mlp.down", at::gelu(up));
}

Hidden forward(const Parameters& p, const model::ModelSpec& spec, const at::Tensor& tokens) {
  auto x = at::embedding(p.at("embed.weight"), tokens);
  if (!spec.scopes.empty()) x = x + at::embedding(p.at("digit.weight"), digits_of(tokens));
  const auto sights = sights_of(tokens, spec);
  for (std::int64_t i = 0; i < spec.layers; ++i)
    x = block(p, "blocks." + std::to_string(i), spec, sights, x);
  return {x, linear(p, "head", norm(p, "norm", x)), sights};
}

at::Tensor tokens_of(const TokenBatch& batch) {
  auto tokens = at::empty({batch.rows, batch.length}, at::kLong);
  std::copy(batch.tokens.begin(), batch.tokens.end(), tokens.data_ptr<std::int64_t>());
  return tokens;
}

at::Tensor weights_of(const TokenBatch& batch) {
  auto weights = at::empty({batch.rows, batch.length});
  std::copy(batch.weights.begin(), batch.weights.end(), weights.data_ptr<float>());
  return weights;
}

at::Tensor next_token_loss(const at::Tensor& logits, const at::Tensor& tokens,
                           const at::Tensor& weights) {
  const auto logp = at::log_softmax(logits.slice(1, 0, -1), -1);
  const auto wanted = tokens.slice(1, 1).unsqueeze(-1);
  const auto nll = -logp.gather(-1, wanted).squeeze(-1);
  const auto w = weights.slice(1, 1);
  return (nll * w).sum() / w.sum().clamp_min(1e-8);
}

at::Tensor binary_loss(const at::Tensor& logits, const at::Tensor& targets,
                       const at::Tensor& weights) {
  // max(z, 0) − z·y + log(1 + exp(−|z|)): no overflow for any logit.
  const auto loss = logits.clamp_min(0) - logits * targets + at::log1p(at::exp(-at::abs(logits)));
  return (loss * weights).sum() / weights.sum().clamp_min(1e-8);
}

at::Tensor preference_loss(const at::Tensor& better, const at::Tensor& worse) {
  const auto margin = better - worse;
  return binary_loss(margin, at::ones_like(margin), at::ones_like(margin));
}

}  // namespace qstar::learning::nn

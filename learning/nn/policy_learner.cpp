#include "learning/policy/policy_learner.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "learning/nn/optimizer.hpp"
#include "learning/nn/policy_gradient_loss.hpp"
#include "learning/nn/transformer.hpp"

namespace qstar::learning {
namespace {

at::Tensor column(std::span<const float> values) {
  auto column = at::empty({static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), column.data_ptr<float>());
  return column;
}

at::Tensor shaped(std::span<const float> values, const TokenBatch& batch) {
  return column(values).view({batch.rows, batch.length});
}

}  // namespace

struct PolicyLearner::Impl {
  model::ModelSpec spec;
  std::string characters;
  nn::Parameters parameters;
  nn::Optimizer optimizer;
  std::optional<nn::Optimizer> aside;  // the second set of swap_optimizer()

  Impl(const model::ModelSpec& s, const model::Tokenizer& tokenizer, std::uint64_t seed)
      : spec(s),
        characters(tokenizer.characters()),
        parameters(nn::initial_parameters(s, tokenizer.size(), seed)),
        optimizer(parameters) {}

  explicit Impl(const model::ModelFile& policy)
      : spec(policy.spec),
        characters(policy.characters),
        parameters(nn::from_model(policy, true)),
        optimizer(parameters) {}

  // On an error the state may be partly overwritten.
  Status load(std::string_view bytes);

  at::Tensor loss(const TokenBatch& batch) const {
    const auto tokens = nn::tokens_of(batch);
    return nn::next_token_loss(nn::forward(parameters, spec, tokens).logits, tokens,
                               nn::weights_of(batch));
  }
};

PolicyLearner::PolicyLearner(const model::ModelSpec& spec, const model::Tokenizer& tokenizer,
                             std::uint64_t seed)
    : impl_(std::make_unique<Impl>(spec, tokenizer, seed)) {}
PolicyLearner::PolicyLearner(const model::ModelFile& policy)
    : impl_(std::make_unique<Impl>(policy)) {}
PolicyLearner::~PolicyLearner() = default;
PolicyLearner::PolicyLearner(PolicyLearner&&) noexcept = default;
PolicyLearner& PolicyLearner::operator=(PolicyLearner&&) noexcept = default;

Result<TrainStats> PolicyLearner::update(const TokenBatch& batch, const OptimizerConfig& config,
                                         double rate_factor) {
  const auto sum = [](const std::vector<float>& weights) {
    return std::accumulate(weights.begin(), weights.end(), 0.0);
  };
  const auto parts = split_by_length(batch);
  const double all = sum(batch.weights);
  TrainStats stats;
  stats.tokens = batch.rows * batch.length;
  for (const auto& part : parts) {
    auto loss = impl_->loss(part);
    if (parts.size() > 1) loss = loss * (sum(part.weights) / all);
    loss.backward();
    stats.loss += loss.item<double>();
  }
  const auto norm = impl_->optimizer.step(config, rate_factor, {"policy", stats.loss});
  if (!norm) return tl::unexpected(norm.error());
  stats.gradient_norm = *norm;
  return stats;
}

double PolicyLearner::loss(const TokenBatch& batch) const {
  at::NoGradGuard no_gradients;
  return impl_->loss(batch).item<double>();
}

Result<PolicyGradientStats> PolicyLearner::update_policy_gradient(
    const PolicyGradientBatch& batch, const PolicyGradientConfig& config, double rate_factor) {
  if (batch.tokens.rows == 0) return PolicyGradientStats{};
  const auto tokens = nn::tokens_of(batch.tokens);
  const auto weights = nn::weights_of(batch.tokens).slice(1, 1);
  const auto targets = [&](const std::vector<float>& values) {
    return shaped(values, batch.tokens).slice(1, 1);
  };
  const auto logits = nn::forward(impl_->parameters, impl_->spec, tokens).logits;
  const auto [all, logprobs] = nn::token_logprobs(logits, tokens, column(batch.temperatures));
  const auto proximal =
      batch.proximal_logprobs.empty() ? at::Tensor() : targets(batch.proximal_logprobs);
  const auto surrogate = nn::clipped_surrogate(
      logprobs, proximal, targets(batch.behaviour_logprobs), targets(batch.advantages), config);
  const auto sum = [&](const at::Tensor& term) { return (term * weights).sum(); };
  const auto mean = [&](const at::Tensor& term) {
    return (sum(term.detach()) / weights.sum()).item<double>();
  };
  PolicyGradientStats stats;
  auto loss = sum(surrogate.loss);
  if (!batch.reference_logprobs.empty()) {
    const auto kl = nn::k3_divergence(logprobs, targets(batch.reference_logprobs));
    loss = loss + config.kl_weight * sum(kl);
    stats.kl = mean(kl);
  }
  const auto entropy = nn::entropy(all);
  loss = loss - config.entropy_weight * sum(entropy);
  loss.backward();
  stats.loss = loss.item<double>();
  stats.entropy = mean(entropy);
  stats.clipped = mean(surrogate.clipped);
  const auto norm = impl_->optimizer.step(config.optimizer, rate_factor, {"policy", stats.loss});
  if (!norm) return tl::unexpected(norm.error());
  stats.gradient_norm = *norm;
  stats.tokens = batch.tokens.rows * batch.tokens.length;
  return stats;
}

std::vector<float> PolicyLearner::logprobs(const TokenBatch& batch,
                                           std::span<const float> temperatures) const {
  std::vector<float> out;
  if (batch.rows == 0) return out;
  at::NoGradGuard no_gradients;
  const auto tokens = nn::tokens_of(batch);
  const auto heat = column(temperatures);
  const auto most = std::max<std::int64_t>(1, kPartPlaces / batch.length);
  for (std::int64_t row = 0; row < batch.rows; row += most) {
    const auto rows = std::min(most, batch.rows - row);
    const auto part = tokens.narrow(0, row, rows);
    const auto logits = nn::forward(impl_->parameters, impl_->spec, part).logits;
    const auto taken = nn::token_logprobs(logits, part, heat.narrow(0, row, rows)).taken;
    const auto padded = at::constant_pad_nd(taken, {1, 0}, 0).contiguous();
    const auto* data = padded.data_ptr<float>();
    out.insert(out.end(), data, data + padded.numel());
  }
  return out;
}

model::ModelFile PolicyLearner::model() const {
  model::ModelFile model{impl_->spec, impl_->characters, {}, {}};
  nn::to_model(impl_->parameters, model);
  return model;
}

void PolicyLearner::reset_optimizer() { impl_->optimizer.reset(); }

void PolicyLearner::swap_optimizer() {
  if (!impl_->aside) impl_->aside.emplace(impl_->parameters);
  std::swap(impl_->optimizer, *impl_->aside);
}

std::string PolicyLearner::save() const {
  return nn::save(impl_->parameters) + impl_->optimizer.save() +
         (impl_->aside ? impl_->aside->save() : std::string());
}

Status PolicyLearner::Impl::load(std::string_view bytes) {
  if (auto loaded = nn::load(parameters, bytes); !loaded) return loaded;
  if (auto loaded = optimizer.load(bytes); !loaded) return loaded;
  aside.reset();
  if (bytes.empty()) return {};
  if (auto loaded = aside.emplace(parameters).load(bytes); !loaded) return loaded;
  return nn::check_read(bytes);
}

Status PolicyLearner::load(std::string_view bytes, std::string_view source) {
  const std::string before = save();
  const auto loaded = impl_->load(bytes);
  if (loaded) return {};
  (void)impl_->load(before);
  return nn::refused(source, loaded.error());
}

}  // namespace qstar::learning

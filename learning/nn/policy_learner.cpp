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

at::Tensor index_of(std::span<const std::int64_t> rows) {
  auto index = at::empty({static_cast<std::int64_t>(rows.size())}, at::kLong);
  std::copy(rows.begin(), rows.end(), index.data_ptr<std::int64_t>());
  return index;
}

// A policy-gradient batch as tensors, of which parts are taken. Targets are those of the places
// from 1 on: [rows, length − 1].
class GradientTensors {
 public:
  explicit GradientTensors(const PolicyGradientBatch& batch)
      : tokens_(nn::tokens_of(batch.tokens)),
        temperatures_(column(batch.temperatures)),
        weights_(nn::weights_of(batch.tokens)),
        advantages_(shaped(batch.advantages, batch.tokens)),
        behaviour_(shaped(batch.behaviour_logprobs, batch.tokens)) {
    if (!batch.proximal_logprobs.empty()) proximal_ = shaped(batch.proximal_logprobs, batch.tokens);
    if (!batch.reference_logprobs.empty())
      reference_ = shaped(batch.reference_logprobs, batch.tokens);
  }

  struct Part {
    at::Tensor tokens, temperatures, weights, advantages, behaviour;
    at::Tensor proximal, reference;  // undefined: none
  };
  Part part(const BatchPart& of) const {
    const auto rows = index_of(of.rows);
    const auto targets = [&](const at::Tensor& all) {
      return all.defined() ? all.index_select(0, rows).slice(1, 1, of.length) : all;
    };
    return {tokens_.index_select(0, rows).slice(1, 0, of.length),
            temperatures_.index_select(0, rows),
            targets(weights_),
            targets(advantages_),
            targets(behaviour_),
            targets(proximal_),
            targets(reference_)};
  }

 private:
  at::Tensor tokens_, temperatures_, weights_, advantages_, behaviour_, proximal_, reference_;
};

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
  const GradientTensors tensors(batch);
  const double all = std::accumulate(batch.tokens.weights.begin(), batch.tokens.weights.end(), 0.0);
  PolicyGradientStats stats;
  for (const auto& places : parts_by_length(batch.tokens)) {
    const auto part = tensors.part(places);
    const auto logits = nn::forward(impl_->parameters, impl_->spec, part.tokens).logits;
    const auto [each, logprobs] = nn::token_logprobs(logits, part.tokens, part.temperatures);
    const auto surrogate = nn::clipped_surrogate(
        logprobs, batch.proximal_is_learner ? logprobs.detach() : part.proximal, part.behaviour,
        part.advantages, config);
    const auto sum = [&](const at::Tensor& term) { return (term * part.weights).sum(); };
    const auto share = [&](const at::Tensor& term) {  // of the mean over all parts
      return sum(term.detach()).item<double>() / all;
    };
    auto loss = sum(surrogate.loss);
    if (part.reference.defined()) {
      const auto kl = nn::k3_divergence(logprobs, part.reference);
      loss = loss + config.kl_weight * sum(kl);
      stats.kl += share(kl);
    }
    const auto entropy = nn::entropy(each);
    loss = loss - config.entropy_weight * sum(entropy);
    loss.backward();
    stats.loss += loss.item<double>();
    stats.entropy += share(entropy);
    stats.clipped += share(surrogate.clipped);
  }
  const auto norm = impl_->optimizer.step(config.optimizer, rate_factor, {"policy", stats.loss});
  if (!norm) return tl::unexpected(norm.error());
  stats.gradient_norm = *norm;
  stats.tokens = batch.tokens.rows * batch.tokens.length;
  return stats;
}

std::vector<float> PolicyLearner::logprobs(const TokenBatch& batch,
                                           std::span<const float> temperatures) const {
  std::vector<float> out(batch.tokens.size(), 0.0F);
  if (batch.rows == 0) return out;
  at::NoGradGuard no_gradients;
  const auto tokens = nn::tokens_of(batch);
  const auto heat = column(temperatures);
  for (const auto& [length, rows] : parts_by_length(batch)) {
    const auto index = index_of(rows);
    const auto part = tokens.index_select(0, index).slice(1, 0, length);
    const auto logits = nn::forward(impl_->parameters, impl_->spec, part).logits;
    const auto taken =
        nn::token_logprobs(logits, part, heat.index_select(0, index)).taken.contiguous();
    const auto* data = taken.data_ptr<float>();
    for (std::size_t i = 0; i < rows.size(); ++i)
      std::copy_n(data + static_cast<std::int64_t>(i) * (length - 1), length - 1,
                  out.data() + rows[i] * batch.length + 1);
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

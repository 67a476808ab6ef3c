#include "learning/policy_learner.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "learning/nn/optimizer.hpp"
#include "learning/nn/transformer.hpp"

namespace qstar {

struct PolicyLearner::Impl {
  ModelSpec spec;
  std::string characters;
  nn::Parameters parameters;
  nn::Optimizer optimizer;

  Impl(const ModelSpec& s, const Tokenizer& tokenizer, std::uint64_t seed)
      : spec(s),
        characters(tokenizer.characters()),
        parameters(nn::initial_parameters(s, tokenizer.size(), seed)),
        optimizer(parameters) {}

  at::Tensor loss(const TokenBatch& batch) const {
    const auto tokens = nn::tokens_of(batch);
    return nn::next_token_loss(nn::forward(parameters, spec, tokens).logits, tokens,
                               nn::weights_of(batch));
  }
};

PolicyLearner::PolicyLearner(const ModelSpec& spec, const Tokenizer& tokenizer, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(spec, tokenizer, seed)) {}
PolicyLearner::~PolicyLearner() = default;
PolicyLearner::PolicyLearner(PolicyLearner&&) noexcept = default;
PolicyLearner& PolicyLearner::operator=(PolicyLearner&&) noexcept = default;

TrainStats PolicyLearner::update(const TokenBatch& batch, const OptimizerConfig& config,
                                 double rate_factor) {
  const auto loss = impl_->loss(batch);
  loss.backward();
  TrainStats stats;
  stats.loss = loss.item<double>();
  stats.gradient_norm = impl_->optimizer.step(config, rate_factor);
  stats.tokens = batch.rows * batch.length;
  return stats;
}

double PolicyLearner::loss(const TokenBatch& batch) const {
  at::NoGradGuard no_gradients;
  return impl_->loss(batch).item<double>();
}

ModelFile PolicyLearner::model() const {
  ModelFile model{impl_->spec, impl_->characters, {}, {}};
  nn::to_model(impl_->parameters, model);
  return model;
}

void PolicyLearner::reset_optimizer() { impl_->optimizer.reset(); }

std::string PolicyLearner::save() const {
  return nn::save(impl_->parameters) + impl_->optimizer.save();
}

Status PolicyLearner::load(std::string_view bytes) {
  const std::string before = save();
  if (nn::load(impl_->parameters, bytes) && impl_->optimizer.load(bytes) && bytes.empty())
    return {};
  std::string_view old = before;
  nn::load(impl_->parameters, old);
  impl_->optimizer.load(old);
  return fail(Errc::kCorrupt, "the saved policy learner does not fit this model");
}

}  // namespace qstar

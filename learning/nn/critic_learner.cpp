#include "learning/critic_learner.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "learning/nn/scorer_learner.hpp"

namespace qstar {

struct CriticLearner::Impl : nn::ScorerLearner {
  nn::Parameters target;

  Impl(const ModelFile& policy, std::uint64_t seed)
      : ScorerLearner(policy, nn::scorer_parameters(policy, seed)) {
    copy_target();
  }

  void copy_target() {
    for (const auto& [name, tensor] : online) target[name] = tensor.detach().clone();
  }
};

CriticLearner::CriticLearner(const ModelFile& policy, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(policy, seed)) {}
CriticLearner::~CriticLearner() = default;
CriticLearner::CriticLearner(CriticLearner&&) noexcept = default;
CriticLearner& CriticLearner::operator=(CriticLearner&&) noexcept = default;

CriticStats CriticLearner::update(std::span<const WeightedGroup> groups, const CriticConfig& config,
                                  double rate_factor) {
  std::vector<const Trajectory*> attempts;
  std::vector<float> won;
  for (const auto& g : groups) {
    for (const auto& attempt : g.group->attempts) {
      attempts.push_back(&attempt);
      won.push_back(attempt.win() ? 1.0F : 0.0F);
    }
  }
  CriticStats stats;
  if (attempts.empty()) return stats;
  const auto rows = nn::rows_of(impl_->tokenizer, attempts, won);
  const auto tokens = nn::tokens_of(rows.batch);
  const auto out = nn::score_steps(impl_->online, impl_->spec, tokens);
  const auto online = nn::read_scores(rows, out.scores);
  std::vector<std::vector<float>> target;
  {
    at::NoGradGuard no_gradients;
    target = nn::read_scores(rows, nn::score_steps(impl_->target, impl_->spec, tokens).scores);
  }
  nn::StepTargets targets(rows);
  std::size_t row = 0;
  for (const auto& g : groups) {
    const std::size_t n = g.group->attempts.size();
    const auto q = std::span(online).subspan(row, n);
    const auto wanted =
        double_q_targets(*g.group, q, std::span(target).subspan(row, n), config.discount);
    double error = 0;
    std::int64_t steps = 0;
    for (std::size_t a = 0; a < n; ++a) {
      targets.teach(rows, row + a, wanted[a], static_cast<float>(config.inside_weight), g.weight);
      for (std::size_t s = 0; s < wanted[a].size(); ++s, ++steps)
        error += std::abs(wanted[a][s] - q[a][s]);
    }
    stats.priorities.push_back(steps > 0 ? static_cast<float>(error / static_cast<double>(steps))
                                         : 0.0F);
    row += n;
  }
  const auto critic_loss = nn::binary_loss(out.scores, targets.values, targets.weights);
  const auto language = nn::next_token_loss(out.logits, tokens, nn::weights_of(rows.batch));
  (critic_loss + config.language_weight * language).backward();
  impl_->optimizer.step(config.optimizer, rate_factor);
  if (++impl_->updates % config.target_period == 0) impl_->copy_target();
  stats.loss = critic_loss.item<double>();
  stats.tokens = rows.batch.rows * rows.batch.length;
  return stats;
}

std::vector<std::vector<float>> CriticLearner::step_values(std::span<const Trajectory> attempts) {
  return impl_->step_scores(attempts);
}

std::vector<float> CriticLearner::scores(std::span<const StepQuery> queries) {
  return impl_->scores(queries);
}

std::int64_t CriticLearner::updates() const { return impl_->updates; }
ModelFile CriticLearner::model() const { return impl_->model("critic"); }
std::string CriticLearner::save() const { return impl_->save(impl_->target); }
Status CriticLearner::load(std::string_view bytes) {
  return impl_->load(bytes, "critic", impl_->target);
}

void write_values(CriticLearner& critic, AttemptGroup& group) {
  const auto q = critic.step_values(group.attempts);
  for (std::size_t a = 0; a < q.size(); ++a) {
    auto& attempt = group.attempts[a];
    attempt.critic_version = static_cast<std::uint64_t>(critic.updates());
    for (std::size_t s = 0; s < q[a].size(); ++s) attempt.steps[s].q = q[a][s];
  }
}

}  // namespace qstar

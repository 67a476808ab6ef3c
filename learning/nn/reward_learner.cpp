#include "learning/reward/reward_learner.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "learning/nn/scorer_learner.hpp"

namespace qstar::learning {
namespace {

std::string_view name_of(model::ScorerRole role) {
  switch (role) {
    case model::ScorerRole::kProcess: return "process reward model";
    case model::ScorerRole::kOutcome: return "outcome reward model";
    default: return "preference model";
  }
}

// The targets of steps labelled right, NaN elsewhere: the language-model loss is on these steps.
std::vector<float> right_ones(std::vector<float> targets) {
  for (float& target : targets) {
    if (!(target > 0.5F)) target = std::nanf("");
  }
  return targets;
}

}  // namespace

struct RewardLearner::Impl : nn::ScorerLearner {
  model::ScorerRole role;

  Impl(const model::ModelFile& policy, model::ScorerRole r, nn::Parameters parameters)
      : ScorerLearner(policy, std::move(parameters)), role(r) {}

  Result<RewardStats> learn(const at::Tensor& loss, const at::Tensor& language_loss,
                            const RewardConfig& config, double rate_factor) {
    const auto sum = loss + config.language_weight * language_loss;
    sum.backward();
    const auto norm =
        optimizer.step(config.optimizer, rate_factor, {name_of(role), sum.item<double>()});
    if (!norm) return tl::unexpected(norm.error());
    ++updates;
    RewardStats stats;
    stats.loss = loss.item<double>();
    return stats;
  }
};

RewardLearner::RewardLearner(const model::ModelFile& policy, model::ScorerRole role,
                             std::uint64_t seed)
    : impl_(std::make_unique<Impl>(policy, role, nn::scorer_parameters(policy, seed))) {}
RewardLearner::RewardLearner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RewardLearner::~RewardLearner() = default;
RewardLearner::RewardLearner(RewardLearner&&) noexcept = default;
RewardLearner& RewardLearner::operator=(RewardLearner&&) noexcept = default;

Result<RewardLearner> RewardLearner::from_model(const model::ModelFile& model) {
  const auto named = model.metadata.find("role");
  const std::string text = named == model.metadata.end() ? "none" : named->second;
  const auto role = reward_role(text);
  if (!role)
    return fail(Errc::kCorrupt, fmt::format("a model of role '{}' is no reward model: give one of "
                                            "role prm, orm or preference",
                                            text));
  auto given = nn::from_model(model, true);
  for (const auto& [name, tensor] : nn::scorer_parameters(model, 0)) {
    const auto found = given.find(name);
    if (found == given.end() || found->second.sizes() != tensor.sizes())
      return fail(Errc::kCorrupt,
                  fmt::format("the {} model lacks the tensor '{}' of the right shape", text, name));
  }
  return RewardLearner(std::make_unique<Impl>(model, *role, std::move(given)));
}

Result<RewardStats> RewardLearner::update(std::span<const LabelledAttempt> batch,
                                          const RewardConfig& config, double rate_factor) {
  QSTAR_ASSERT(impl_->role != model::ScorerRole::kPreference,
               "a preference model learns from pairs");
  if (batch.empty()) return RewardStats{};
  std::vector<const Trajectory*> attempts;
  for (const auto& labelled : batch) attempts.push_back(labelled.attempt);
  const auto rows =
      nn::rows_of(impl_->tokenizer, attempts, std::vector<float>(attempts.size(), 0.0F));
  nn::StepTargets targets(rows), imitated(rows);
  std::int64_t learned = 0;
  for (std::size_t row = 0; row < batch.size(); ++row) {
    const auto& wanted = batch[row].targets;
    QSTAR_ASSERT(wanted.size() == attempts[row]->steps.size(), "a target a step");
    targets.teach(rows, row, wanted, static_cast<float>(config.inside_weight), 1);
    imitated.teach(rows, row, right_ones(wanted), 1, 1);
    for (std::size_t s = 0; s < rows.ends[row].size(); ++s)
      learned += std::isnan(wanted[s]) ? 0 : 1;
  }
  if (learned == 0) return RewardStats{};
  const auto tokens = nn::tokens_of(rows.batch);
  const auto out = nn::score_steps(impl_->online, impl_->spec, tokens);
  auto stats =
      impl_->learn(nn::binary_loss(out.scores, targets.values, targets.weights),
                   nn::next_token_loss(out.logits, tokens, imitated.weights), config, rate_factor);
  if (!stats) return stats;
  stats->learned = learned;
  stats->tokens = rows.batch.rows * rows.batch.length;
  return stats;
}

Result<RewardStats> RewardLearner::update(std::span<const RankedPair> batch,
                                          const RewardConfig& config, double rate_factor) {
  QSTAR_ASSERT(impl_->role == model::ScorerRole::kPreference,
               "only a preference model learns from pairs");
  std::vector<const Trajectory*> attempts;
  std::vector<float> imitated;
  const auto usable = [this](const Trajectory& attempt) {
    return closed_steps(attempt) > 0 && impl_->tokenizer.encode(text_of(attempt)).has_value();
  };
  for (const auto& pair : batch) {
    if (!usable(*pair.better) || !usable(*pair.worse)) continue;
    attempts.insert(attempts.end(), {pair.better, pair.worse});
    imitated.insert(imitated.end(), {1.0F, 0.0F});
  }
  if (attempts.empty()) return RewardStats{};
  const auto rows = nn::rows_of(impl_->tokenizer, attempts, imitated);
  auto ends = at::empty({rows.batch.rows, 1}, at::kLong);
  for (std::size_t row = 0; row < attempts.size(); ++row)
    ends.data_ptr<std::int64_t>()[row] = rows.ends[row].back();
  const auto tokens = nn::tokens_of(rows.batch);
  const auto out = nn::score_steps(impl_->online, impl_->spec, tokens);
  const auto rewards = out.scores.gather(1, ends).view({-1, 2});
  auto stats = impl_->learn(nn::preference_loss(rewards.select(1, 0), rewards.select(1, 1)),
                            nn::next_token_loss(out.logits, tokens, nn::weights_of(rows.batch)),
                            config, rate_factor);
  if (!stats) return stats;
  stats->learned = rows.batch.rows / 2;
  stats->tokens = rows.batch.rows * rows.batch.length;
  return stats;
}

std::vector<std::vector<float>> RewardLearner::step_scores(std::span<const Trajectory> attempts) {
  return impl_->step_scores(attempts);
}
std::vector<float> RewardLearner::scores(std::span<const model::StepQuery> queries) {
  return impl_->scores(queries);
}

model::ScorerRole RewardLearner::role() const { return impl_->role; }
std::int64_t RewardLearner::updates() const { return impl_->updates; }
model::ModelFile RewardLearner::model() const {
  return impl_->model(std::string(to_string(impl_->role)));
}
std::string RewardLearner::save() const { return impl_->save(); }
Status RewardLearner::load(std::string_view bytes, std::string_view source) {
  return impl_->load(bytes, source);
}

}  // namespace qstar::learning

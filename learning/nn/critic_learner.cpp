#include "learning/critic/critic_learner.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/rng.hpp"
#include "learning/nn/scorer_learner.hpp"
#include "learning/nn/state_losses.hpp"

namespace qstar::learning {

struct CriticLearner::Impl : nn::ScorerLearner {
  nn::Parameters target;

  Impl(const model::ModelFile& policy, std::uint64_t seed, ScorerHeads heads)
      : ScorerLearner(policy, nn::scorer_parameters(policy, seed, heads)) {
    copy_target();
  }

  void copy_target() {
    for (const auto& [name, tensor] : online) target[name] = tensor.detach().clone();
  }
};

namespace {

// The attempts to learn from, and their indices in each group.
struct Attempts {
  std::vector<const Trajectory*> attempts;
  std::vector<float> won;
  std::vector<std::vector<std::size_t>> of_group;  // ascending

  // Draws `most` attempts of every group; 0: all.
  Attempts(std::span<const WeightedGroup> groups, std::int64_t most, Rng rng) {
    for (const auto& g : groups) {
      of_group.push_back(drawn(g.group->attempts.size(), most, rng));
      for (const std::size_t a : of_group.back()) {
        const Trajectory& attempt = g.group->attempts[a];
        attempts.push_back(&attempt);
        won.push_back(attempt.win() ? 1.0F : 0.0F);
      }
    }
  }

  static std::vector<std::size_t> drawn(std::size_t n, std::int64_t most, Rng& rng) {
    std::vector<std::size_t> all(n);
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (most == 0 || n <= static_cast<std::size_t>(most)) return all;
    rng.shuffle(std::span(all));
    all.resize(static_cast<std::size_t>(most));
    std::sort(all.begin(), all.end());
    return all;
  }
};

// One row per attempt of a group of n; empty for attempts that are not learned from.
QRows rows_of_group(std::size_t n, std::span<const std::size_t> taken,
                    std::span<const std::vector<float>> rows) {
  QRows of_group(n);
  for (std::size_t i = 0; i < taken.size(); ++i) of_group[taken[i]] = rows[i];
  return of_group;
}

// Mean |Q − target| over the steps that have a target.
float mean_error(std::span<const std::vector<float>> q,
                 std::span<const std::vector<float>> wanted) {
  double error = 0;
  std::int64_t steps = 0;
  for (std::size_t a = 0; a < wanted.size(); ++a) {
    for (std::size_t s = 0; s < std::min(q[a].size(), wanted[a].size()); ++s) {
      if (std::isnan(wanted[a][s])) continue;
      error += std::abs(wanted[a][s] - q[a][s]);
      ++steps;
    }
  }
  return steps > 0 ? static_cast<float>(error / static_cast<double>(steps)) : 0.0F;
}

// The loss terms over all steps of a state, beside those of their targets.
at::Tensor penalties(const StateIndex& index, const nn::StepRows& rows, const nn::StepScores& out,
                     const CriticConfig& config) {
  auto sum = at::zeros({});
  if (index.size == 0) return sum;
  if (config.conservative > 0)
    sum = sum + config.conservative *
                    nn::conservative_penalty(index, at::sigmoid(nn::at_ends(rows, out.scores)));
  if (config.dueling)
    sum = sum + config.centring * nn::centring_penalty(index, nn::at_ends(rows, out.advantages));
  return sum;
}

}  // namespace

CriticLearner::CriticLearner(const model::ModelFile& policy, std::uint64_t seed, ScorerHeads heads)
    : impl_(std::make_unique<Impl>(policy, seed, heads)) {}
CriticLearner::~CriticLearner() = default;
CriticLearner::CriticLearner(CriticLearner&&) noexcept = default;
CriticLearner& CriticLearner::operator=(CriticLearner&&) noexcept = default;

Result<CriticStats> CriticLearner::update(std::span<const WeightedGroup> groups,
                                          const CriticConfig& config, double rate_factor) {
  const Attempts made(groups, config.attempts_per_group,
                      Rng(derive_seed(static_cast<std::uint64_t>(impl_->updates), "attempts")));
  CriticStats stats;
  if (made.attempts.empty()) return stats;
  const QTargetOptions options{config.target, config.steps, config.discount, config.luck};
  const auto rows = nn::rows_of(impl_->tokenizer, made.attempts, made.won);
  const auto tokens = nn::tokens_of(rows.batch);
  const auto out = nn::score_steps(impl_->online, impl_->spec, tokens);
  const auto online = nn::read_scores(rows, out.scores);
  QRows target = online;  // only the shape matters when the target network is not used
  if (asks_network(options)) {
    at::NoGradGuard no_gradients;
    target = nn::read_scores(rows, nn::score_steps(impl_->target, impl_->spec, tokens).scores);
  }
  nn::StepTargets targets(rows);
  StateIndex index;
  std::size_t row = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const AttemptGroup& group = *groups[g].group;
    const auto& taken = made.of_group[g];
    const StepTree tree(group);
    const auto of_group = [&](const QRows& all) {
      return rows_of_group(group.attempts.size(), taken, std::span(all).subspan(row));
    };
    const auto q = of_group(online);
    const auto wanted = q_targets(tree, q, of_group(target), options);
    for (const std::size_t a : taken)
      targets.teach(rows, row++, wanted[a], static_cast<float>(config.inside_weight),
                    groups[g].weight);
    stats.priorities.push_back(mean_error(q, wanted));
    index.add(tree, q);
  }
  const auto critic_loss = nn::binary_loss(out.scores, targets.values, targets.weights);
  const auto language = nn::next_token_loss(out.logits, tokens, nn::weights_of(rows.batch));
  const auto loss =
      critic_loss + config.language_weight * language + penalties(index, rows, out, config);
  loss.backward();
  const auto norm =
      impl_->optimizer.step(config.optimizer, rate_factor, {"critic", loss.item<double>()});
  if (!norm) return tl::unexpected(norm.error());
  if (++impl_->updates % config.target_period == 0) impl_->copy_target();
  stats.loss = critic_loss.item<double>();
  stats.tokens = rows.batch.rows * rows.batch.length;
  return stats;
}

std::vector<std::vector<float>> CriticLearner::step_values(std::span<const Trajectory> attempts) {
  return impl_->step_scores(attempts);
}

std::vector<float> CriticLearner::scores(std::span<const model::StepQuery> queries) {
  return impl_->scores(queries);
}

std::int64_t CriticLearner::updates() const { return impl_->updates; }
model::ModelFile CriticLearner::model() const { return impl_->model("critic"); }
std::string CriticLearner::save() const { return impl_->save(impl_->target); }
Status CriticLearner::load(std::string_view bytes, std::string_view source) {
  return impl_->load(bytes, source, impl_->target);
}

void write_values(CriticLearner& critic, AttemptGroup& group) {
  const auto q = critic.step_values(group.attempts);
  for (std::size_t a = 0; a < q.size(); ++a) {
    auto& attempt = group.attempts[a];
    attempt.critic_version = static_cast<std::uint64_t>(critic.updates());
    for (std::size_t s = 0; s < q[a].size(); ++s) attempt.steps[s].q = q[a][s];
  }
}

}  // namespace qstar::learning

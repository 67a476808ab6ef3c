// The policy-gradient algorithms: one pass over the round, in batches of attempts drawn without
// replacement. They differ in how a step's advantage is computed.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "experiment/text/improvers.hpp"
#include "experiment/text/teach.hpp"
#include "learning/reward/step_labels.hpp"
#include "persistence/bytes.hpp"

namespace qstar::experiment {
namespace {

class PolicyGradients : public Improver {
 public:
  explicit PolicyGradients(const ImproverParts& parts) : parts_(parts), rng_(parts.seed) {
    if (parts.config.gradient.kl_weight > 0 || parts.measure_kl) reference_.emplace(*parts.start);
  }

  Result<std::map<std::string, double>> improve(learning::PolicyLearner& policy,
                                                Round round) override {
    auto attempts = advantages_of(round);
    if (!attempts) return tl::unexpected(attempts.error());
    rng_.shuffle(std::span(*attempts));
    auto batches = batches_of(*attempts);
    auto* proximal = uses_proximal() ? round.proximal : nullptr;
    if (proximal != nullptr) ask_for_proximal(*proximal, batches);
    std::map<std::string, double> figures{{"loss", 0}, {"kl", 0}, {"entropy", 0}, {"clipped", 0}};
    for (auto& batch : batches) {
      if (auto read = read_proximal(proximal, batch); !read) return tl::unexpected(read.error());
      const auto stats = update(policy, batch, round.rate_factor);
      if (!stats) return tl::unexpected(stats.error());
      figures["loss"] += stats->loss;
      figures["kl"] += stats->kl;
      figures["entropy"] += stats->entropy;
      figures["clipped"] += stats->clipped;
    }
    const auto updates = static_cast<double>(batches.size());
    for (auto& [name, value] : figures) value /= std::max(1.0, updates);
    figures["updates"] = updates;
    return figures;
  }

  std::string save() const override {
    std::string bytes;
    persistence::append_raw(bytes, rng_.state());
    persistence::append_block(bytes, save_values());
    return bytes;
  }
  Status load(std::string_view bytes) override {
    std::array<std::uint64_t, 4> state{};
    std::string_view values;
    if (!persistence::take_raw(bytes, state) || !persistence::take_block(bytes, values))
      return fail(Errc::kCorrupt,
                  "the saved state of a policy-gradient algorithm is damaged; remove that "
                  "checkpoint to resume from the one before it, or start a new run");
    rng_.set_state(state);
    return load_values(values);
  }

 protected:
  virtual Result<std::vector<learning::AdvantagedAttempt>> advantages_of(Round& round) = 0;
  virtual std::string save_values() const { return {}; }
  virtual Status load_values(std::string_view) { return {}; }

  const ImproverParts& parts() const { return parts_; }
  Rng& rng() { return rng_; }

 private:
  std::vector<learning::PolicyGradientBatch> batches_of(
      std::span<const learning::AdvantagedAttempt> attempts) const {
    const auto size = static_cast<std::size_t>(parts_.config.attempts_per_update);
    std::vector<learning::PolicyGradientBatch> batches;
    for (; !attempts.empty(); attempts = attempts.subspan(std::min(size, attempts.size())))
      batches.push_back(learning::policy_gradient_batch(
          *parts_.tokenizer, attempts.first(std::min(size, attempts.size())),
          learning::token_mean(parts_.config.gradient), parts_.max_tokens));
    return batches;
  }

  bool uses_proximal() const {
    return learning::correction(parts_.config.gradient) != learning::Correction::kClipped;
  }

  // One policy is the proximal one of all batches. The first finds the learner as it was; nodes
  // compute the others while the learner updates.
  static void ask_for_proximal(EngineLogprobs& proximal,
                               std::span<learning::PolicyGradientBatch> batches) {
    for (auto& batch : batches) {
      batch.proximal_is_learner = &batch == &batches.front();
      if (!batch.proximal_is_learner) proximal.ask(learning::logprob_requests(batch));
    }
  }

  static Status read_proximal(EngineLogprobs* proximal, learning::PolicyGradientBatch& batch) {
    if (proximal == nullptr || batch.proximal_is_learner) return {};
    return proximal->next().map([&](const std::vector<std::vector<float>>& logprobs) {
      batch.proximal_logprobs = learning::rows_of(batch, logprobs);
    });
  }

  Result<learning::PolicyGradientStats> update(learning::PolicyLearner& policy,
                                               learning::PolicyGradientBatch& batch,
                                               double rate_factor) {
    if (reference_)
      batch.reference_logprobs = reference_->logprobs(batch.tokens, batch.temperatures);
    return learning::or_keep(
        policy.update_policy_gradient(batch, parts_.config.gradient, rate_factor), parts_.failed,
        *parts_.tokenizer, batch);
  }

  ImproverParts parts_;
  Rng rng_;
  std::optional<learning::PolicyLearner> reference_;
};

class GroupRelative final : public PolicyGradients {
 public:
  using PolicyGradients::PolicyGradients;

 private:
  Result<std::vector<learning::AdvantagedAttempt>> advantages_of(Round& round) override {
    std::vector<learning::AdvantagedAttempt> attempts;
    for (std::size_t g = 0; g < round.groups.size(); ++g)
      learning::append_rewarded(round.groups[g], round.rewards[g], parts().config.gradient,
                                parts().max_tokens, attempts);
    return attempts;
  }
};

// Normalises advantages to mean 0 and standard deviation 1 over all steps.
void normalise(std::vector<learning::AdvantagedAttempt>& attempts) {
  double n = 0, sum = 0, squares = 0;
  for (const auto& attempt : attempts) {
    for (const double a : attempt.advantages) n += 1, sum += a, squares += a * a;
  }
  if (n == 0) return;
  const double mean = sum / n;
  const double deviation = std::sqrt(std::max(0.0, squares / n - mean * mean));
  if (deviation == 0) return;
  for (auto& attempt : attempts)
    for (double& a : attempt.advantages) a = (a - mean) / deviation;
}

class Proximal final : public PolicyGradients {
 public:
  explicit Proximal(const ImproverParts& parts)
      : PolicyGradients(parts),
        value_(*parts.start, model::ScorerRole::kOutcome, derive_seed(parts.seed, "value")) {}

 private:
  Result<std::vector<learning::AdvantagedAttempt>> advantages_of(Round& round) override {
    const auto trajectories = attempts_of(round.groups);
    const auto after = scores_in_slices(value_, trajectories);
    std::vector<learning::AdvantagedAttempt> attempts;
    std::vector<learning::LabelledAttempt> examples;
    std::size_t at = 0;
    for (std::size_t g = 0; g < round.groups.size(); ++g) {
      const auto& group = round.groups[g];
      const std::span values(after.data() + at, group.attempts.size());
      at += group.attempts.size();
      const double first = first_value(values);
      for (std::size_t a = 0; a < group.attempts.size(); ++a) {
        if (values[a].empty()) continue;
        const auto& attempt = group.attempts[a];
        const double reward = round.rewards[g][a];
        attempts.push_back({&attempt, advantages(values[a], first, reward, attempt.steps.size())});
        examples.push_back(
            {&attempt, std::vector<float>(attempt.steps.size(), static_cast<float>(reward))});
      }
    }
    normalise(attempts);
    if (auto learned = learn(examples, round.rate_factor); !learned)
      return tl::unexpected(learned.error());
    return attempts;
  }

  // V of the problem: the mean value of the first steps.
  static double first_value(std::span<const std::vector<float>> values) {
    double sum = 0, n = 0;
    for (const auto& row : values)
      if (!row.empty()) sum += static_cast<double>(row.front()), n += 1;
    return n > 0 ? sum / n : 0;
  }

  // V before a step is V after the step before it. A step cut off before its separator has no V
  // after it and needs none.
  std::vector<double> advantages(const std::vector<float>& after, double first, double reward,
                                 std::size_t steps) const {
    std::vector<double> rewards(steps, 0.0), values{first};
    rewards.back() = reward;
    values.insert(values.end(), after.begin(), after.end());
    values.resize(steps);
    return learning::generalised_advantages(rewards, values, {.lambda = parts().config.gae_lambda});
  }

  Status learn(const std::vector<learning::LabelledAttempt>& examples, double rate_factor) {
    if (examples.empty()) return {};
    for (std::int64_t i = 0; i < parts().config.value_updates; ++i) {
      std::vector<learning::LabelledAttempt> batch;
      for (std::int64_t n = 0; n < parts().config.value.attempts_per_update; ++n)
        batch.push_back(examples[rng().below(examples.size())]);
      const auto stats =
          learning::or_keep(value_.update(batch, parts().config.value, rate_factor), parts().failed,
                            std::span<const learning::LabelledAttempt>(batch));
      if (!stats) return tl::unexpected(stats.error());
    }
    return {};
  }

  std::string save_values() const override { return value_.save(); }
  Status load_values(std::string_view bytes) override { return value_.load(bytes, "value model"); }

  learning::RewardLearner value_;
};

class QAdvantage final : public PolicyGradients {
 public:
  explicit QAdvantage(const ImproverParts& parts)
      : PolicyGradients(parts),
        critic_(*parts.start, derive_seed(parts.seed, "critic"),
                learning::heads_of(parts.config.critic)) {}

 private:
  Result<std::vector<learning::AdvantagedAttempt>> advantages_of(Round& round) override {
    if (auto learned = learn(round); !learned) return tl::unexpected(learned.error());
    std::vector<learning::AdvantagedAttempt> attempts;
    for (auto& group : round.groups) {
      learning::write_values(critic_, group);
      learning::append_steps(group, learning::StepBaseline::kState, attempts);
    }
    normalise(attempts);
    return attempts;
  }

  Status learn(const Round& round) {
    for (std::int64_t i = 0; i < parts().config.value_updates; ++i) {
      std::vector<learning::WeightedGroup> batch;
      for (std::int64_t n = 0; n < parts().config.critic.groups_per_update; ++n)
        batch.push_back({&round.groups[rng().below(round.groups.size())], 1.0F});
      const auto stats =
          learning::or_keep(critic_.update(batch, parts().config.critic, round.rate_factor),
                            parts().failed, std::span<const learning::WeightedGroup>(batch));
      if (!stats) return tl::unexpected(stats.error());
    }
    return {};
  }

  std::string save_values() const override { return critic_.save(); }
  Status load_values(std::string_view bytes) override { return critic_.load(bytes, "critic"); }

  learning::CriticLearner critic_;
};

}  // namespace

std::unique_ptr<Improver> make_grpo(const ImproverParts& parts) {
  return std::make_unique<GroupRelative>(parts);
}

std::unique_ptr<Improver> make_dr_grpo(const ImproverParts& parts) {
  auto without = parts;
  without.config.gradient.baseline = "centred";
  without.config.gradient.token_mean = "constant";
  return std::make_unique<GroupRelative>(without);
}

std::unique_ptr<Improver> make_dapo(const ImproverParts& parts) {
  auto with = parts;
  with.config.gradient.drop_equal = true;
  with.config.gradient.token_mean = "token";
  with.config.gradient.clip_low = 0.2;
  with.config.gradient.clip_high = 0.28;
  with.config.gradient.overlong_ramp = parts.max_tokens / 4;
  return std::make_unique<GroupRelative>(with);
}

std::unique_ptr<Improver> make_ppo(const ImproverParts& parts) {
  return std::make_unique<Proximal>(parts);
}

std::unique_ptr<Improver> make_q_advantage(const ImproverParts& parts) {
  return std::make_unique<QAdvantage>(parts);
}

}  // namespace qstar::experiment

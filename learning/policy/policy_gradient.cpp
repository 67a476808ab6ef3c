#include "learning/policy/policy_gradient.hpp"

#include <algorithm>
#include <cmath>

#include "data/attempt.hpp"

namespace qstar::learning {
namespace {

// An attempt as a row: the prompt, then the generated tokens. Empty when the attempt cannot be
// learned from.
struct Row {
  std::vector<std::int32_t> tokens;
  std::size_t prompt = 0;
};

bool is_complete(const Step& step) {
  return !step.tokens.empty() && step.logprobs.size() == step.tokens.size() &&
         std::all_of(step.logprobs.begin(), step.logprobs.end(),
                     [](float logprob) { return std::isfinite(logprob); });
}

Row row_of(const model::Tokenizer& tokenizer, const Trajectory& attempt) {
  const auto prompt = tokenizer.encode(prompt_of(attempt.problem, {}));
  if (!prompt || !(attempt.temperature > 0)) return {};
  Row row{*prompt, prompt->size()};
  for (const Step& step : attempt.steps) {
    if (!is_complete(step)) return {};
    for (const auto token : step.tokens) {
      if (token < 0 || token >= tokenizer.size()) return {};
      row.tokens.push_back(token);
    }
  }
  return row.tokens.size() > row.prompt ? row : Row{};
}

struct Chosen {
  Row row;
  const AdvantagedAttempt* attempt;
};

void fill(PolicyGradientBatch& batch, std::size_t at, const Chosen& chosen, float weight) {
  std::copy(chosen.row.tokens.begin(), chosen.row.tokens.end(),
            batch.tokens.tokens.begin() + static_cast<std::ptrdiff_t>(at));
  at += chosen.row.prompt;
  const auto& steps = chosen.attempt->attempt->steps;
  for (std::size_t s = 0; s < steps.size(); ++s) {
    for (const float logprob : steps[s].logprobs) {
      batch.tokens.weights[at] = weight;
      batch.advantages[at] = static_cast<float>(chosen.attempt->advantages[s]);
      batch.behaviour_logprobs[at++] = logprob;
    }
  }
}

struct Generated {
  std::size_t first = 0, end = 0;
};
// The places of a row that have weight.
Generated generated_places(const TokenBatch& batch, std::size_t row) {
  const auto length = static_cast<std::size_t>(batch.length);
  const std::span weights(batch.weights.data() + row * length, length);
  const auto has_weight = [](float weight) { return weight != 0; };
  const auto first = std::ranges::find_if(weights, has_weight);
  const auto end = std::find_if(weights.rbegin(), weights.rend(), has_weight).base();
  return {static_cast<std::size_t>(first - weights.begin()),
          static_cast<std::size_t>(end - weights.begin())};
}

}  // namespace

void PolicyGradientConfig::describe(FieldVisitor& v) {
  v.value({.name = "baseline",
           .doc = "Advantage of a reward: reward minus group mean divided by the deviation, reward "
                  "minus group mean, or reward minus the mean of the other attempts",
           .choices = "group|centred|leave_one_out"},
          baseline);
  v.value(
      {.name = "token_mean",
       .doc = "Average of the token losses: over all tokens, over attempts and their tokens, or "
              "with a constant divisor (attempts * max_tokens)",
       .choices = "token|attempt|constant"},
      token_mean);
  v.value({"drop_equal", "Leave out groups whose attempts all have the same reward"}, drop_equal);
  v.value({"clip_low", "Clip range of the probability ratio below 1", 0, 1}, clip_low);
  v.value({"clip_high", "Clip range of the probability ratio above 1", 0, 100}, clip_high);
  v.value({.name = "correction",
           .doc = "Correction for attempts made by older weights: importance weights, with the "
                  "clip range around the policy before the round's updates (decoupled); the clip "
                  "range around the policy that made them (clipped); or none",
           .choices = "decoupled|clipped|none"},
          correction);
  v.value({"importance_cap",
           "Largest importance weight of a token that older weights made, with correction = "
           "decoupled",
           1e-3, 1e6},
          importance_cap);
  v.value({"kl_weight", "Weight of the KL penalty towards the reference policy (0: none)", 0, 100},
          kl_weight);
  v.value({"entropy_weight", "Weight of the entropy bonus (0: none)", 0, 100}, entropy_weight);
  v.value({"overlong_ramp",
           "Length penalty of long attempts: number of tokens before the limit where it starts (0: "
           "no penalty)",
           0, 1e6},
          overlong_ramp);
  section(v, "optimizer", "Optimisers (Muon and AdamW) of the policy", optimizer);
}

GroupBaseline group_baseline(const PolicyGradientConfig& config) {
  if (config.baseline == "centred") return GroupBaseline::kCentred;
  if (config.baseline == "leave_one_out") return GroupBaseline::kLeaveOneOut;
  return GroupBaseline::kGroup;
}

TokenMean token_mean(const PolicyGradientConfig& config) {
  if (config.token_mean == "attempt") return TokenMean::kAttempt;
  if (config.token_mean == "constant") return TokenMean::kConstant;
  return TokenMean::kToken;
}

Correction correction(const PolicyGradientConfig& config) {
  if (config.correction == "clipped") return Correction::kClipped;
  if (config.correction == "none") return Correction::kNone;
  return Correction::kDecoupled;
}

void append_group(const AttemptGroup& group, const PolicyGradientConfig& config,
                  std::int64_t max_tokens, std::vector<AdvantagedAttempt>& attempts) {
  std::vector<double> rewards;
  for (const Trajectory& attempt : group.attempts) rewards.push_back(attempt.win() ? 1 : 0);
  append_rewarded(group, std::move(rewards), config, max_tokens, attempts);
}

void append_rewarded(const AttemptGroup& group, std::vector<double> rewards,
                     const PolicyGradientConfig& config, std::int64_t max_tokens,
                     std::vector<AdvantagedAttempt>& attempts) {
  QSTAR_ASSERT(rewards.size() == group.attempts.size(), "one per attempt");
  if (config.drop_equal && !rewards_differ(rewards)) return;
  for (std::size_t a = 0; config.overlong_ramp > 0 && a < rewards.size(); ++a) {
    rewards[a] += overlong_penalty(static_cast<std::int64_t>(tokens_of(group.attempts[a])),
                                   max_tokens, std::min(config.overlong_ramp, max_tokens));
  }
  const auto advantages = group_advantages(rewards, group_baseline(config));
  for (std::size_t a = 0; a < rewards.size(); ++a) {
    const auto& attempt = group.attempts[a];
    attempts.push_back({&attempt, std::vector<double>(attempt.steps.size(), advantages[a])});
  }
}

void append_steps(const AttemptGroup& group, StepBaseline baseline,
                  std::vector<AdvantagedAttempt>& attempts) {
  auto advantages = step_advantages(group, baseline);
  for (std::size_t a = 0; a < advantages.size(); ++a)
    attempts.push_back({&group.attempts[a], std::move(advantages[a])});
}

PolicyGradientBatch policy_gradient_batch(const model::Tokenizer& tokenizer,
                                          std::span<const AdvantagedAttempt> attempts,
                                          TokenMean mean, std::int64_t max_tokens) {
  PolicyGradientBatch batch;
  std::vector<Chosen> chosen;
  std::size_t generated = 0, length = 0;
  for (const auto& attempt : attempts) {
    QSTAR_ASSERT(attempt.advantages.size() == attempt.attempt->steps.size(), "one per step");
    Row row = row_of(tokenizer, *attempt.attempt);
    if (row.tokens.empty()) {
      ++batch.left_out;
      continue;
    }
    generated += row.tokens.size() - row.prompt;
    length = std::max(length, row.tokens.size());
    batch.temperatures.push_back(attempt.attempt->temperature);
    chosen.push_back({std::move(row), &attempt});
  }
  const std::size_t size = chosen.size() * length;
  batch.tokens = {static_cast<std::int64_t>(chosen.size()), static_cast<std::int64_t>(length),
                  std::vector<std::int32_t>(size, model::Tokenizer::kEndToken),
                  std::vector<float>(size, 0.0F)};
  batch.advantages.assign(size, 0.0F);
  batch.behaviour_logprobs.assign(size, 0.0F);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    auto share = static_cast<double>(generated);
    if (mean != TokenMean::kToken) {
      const auto own = static_cast<double>(chosen[i].row.tokens.size() - chosen[i].row.prompt);
      share = static_cast<double>(chosen.size()) *
              (mean == TokenMean::kAttempt ? own : static_cast<double>(max_tokens));
    }
    fill(batch, i * length, chosen[i], static_cast<float>(1 / share));
  }
  return batch;
}

std::vector<model::LogprobRequest> logprob_requests(const PolicyGradientBatch& batch) {
  std::vector<model::LogprobRequest> requests;
  const auto length = static_cast<std::size_t>(batch.tokens.length);
  for (std::size_t row = 0; row < batch.temperatures.size(); ++row) {
    const auto [first, end] = generated_places(batch.tokens, row);
    const auto* tokens = batch.tokens.tokens.data() + row * length;
    requests.push_back(
        {{tokens, tokens + end}, static_cast<std::uint32_t>(first), batch.temperatures[row]});
  }
  return requests;
}

std::vector<float> rows_of(const PolicyGradientBatch& batch,
                           std::span<const std::vector<float>> logprobs) {
  QSTAR_ASSERT(logprobs.size() == batch.temperatures.size(), "one per row");
  const auto length = static_cast<std::size_t>(batch.tokens.length);
  std::vector<float> rows(batch.tokens.tokens.size(), 0.0F);
  for (std::size_t row = 0; row < logprobs.size(); ++row) {
    const auto [first, end] = generated_places(batch.tokens, row);
    QSTAR_ASSERT(logprobs[row].size() == end - first, "one per generated token");
    std::ranges::copy(logprobs[row],
                      rows.begin() + static_cast<std::ptrdiff_t>(row * length + first));
  }
  return rows;
}

}  // namespace qstar::learning

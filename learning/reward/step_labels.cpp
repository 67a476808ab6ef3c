#include "learning/reward/step_labels.hpp"

#include <limits>

#include "core/rng.hpp"
#include "data/attempt.hpp"
#include "model/generated_steps.hpp"

namespace qstar::learning {
namespace {

constexpr float kNoLabel = std::numeric_limits<float>::quiet_NaN();

// A prefix to be completed, and the attempt that it is from.
struct Prefix {
  std::size_t attempt = 0;
  std::size_t steps = 0;
};

// The number of prefixes that can be continued: without the finished attempt and half a step.
std::size_t continued_steps(const Trajectory& attempt) {
  if (attempt.steps.empty() || attempt.outcome == Outcome::kUnfinished)
    return closed_steps(attempt);
  return attempt.steps.size() - 1;
}

std::vector<model::GenerateRequest> requests_of(std::span<const Trajectory> attempts,
                                                std::span<const Prefix> prefixes,
                                                const RolloutOptions& options) {
  std::vector<model::GenerateRequest> requests;
  for (const auto& [a, n] : prefixes) {
    const auto& attempt = attempts[a];
    std::vector<std::string> steps;
    for (std::size_t i = 0; i < n; ++i) steps.push_back(attempt.steps[i].text);
    const auto prompt = prompt_of(attempt.problem, steps);
    const auto seed =
        derive_seed(attempt_seed(options.seed, attempt.id.group, attempt.id.sample), "prefix", n);
    for (std::int64_t k = 0; k < options.samples; ++k)
      requests.push_back({prompt, derive_seed(seed, "completion", static_cast<std::uint64_t>(k)),
                          static_cast<float>(options.temperature), options.max_tokens, false});
  }
  return requests;
}

// The attempt's first steps, then those of the generation.
Trajectory continued(const environment::Environment& environment, const Trajectory& attempt,
                     std::size_t steps, const model::Generation& generation,
                     std::uint64_t version) {
  Trajectory whole = attempt;
  whole.steps.resize(steps);
  for (auto& step : model::steps_of(generation, version, 0)) whole.steps.push_back(std::move(step));
  environment::judge(environment, generation.finished, whole);
  return whole;
}

// Every prefix of every attempt that can be continued.
std::vector<Prefix> prefixes_of(std::span<const Trajectory> attempts) {
  std::vector<Prefix> prefixes;
  for (std::size_t a = 0; a < attempts.size(); ++a)
    for (std::size_t n = 1; n <= continued_steps(attempts[a]); ++n) prefixes.push_back({a, n});
  return prefixes;
}

}  // namespace

std::vector<float> exact_labels(const Trajectory& attempt, AfterWrong after) {
  std::vector<float> labels;
  float label = 1;
  for (const Step& step : attempt.steps) {
    if (step.verdict == Verdict::kUnknown) label = kNoLabel;
    if (label == 1 && step.verdict != Verdict::kRight) label = 0;
    labels.push_back(label);
    if (label == 0 && after == AfterWrong::kUnlabelled) label = kNoLabel;
  }
  return labels;
}

std::vector<float> outcome_labels(const Trajectory& attempt, OutcomeAt where) {
  const float outcome = attempt.win() ? 1 : 0;
  std::vector<float> labels(attempt.steps.size(),
                            where == OutcomeAt::kEveryStep ? outcome : kNoLabel);
  if (!labels.empty()) labels.back() = outcome;
  return labels;
}

std::vector<std::vector<RolloutEstimate>> rollout_estimates(
    const environment::Environment& environment, model::Policy& policy,
    std::span<const Trajectory> attempts, const RolloutOptions& options) {
  std::vector<std::vector<RolloutEstimate>> estimates(attempts.size());
  for (std::size_t a = 0; a < attempts.size(); ++a) {
    const auto& attempt = attempts[a];
    estimates[a].resize(attempt.steps.size());
    if (!attempt.steps.empty() && attempt.outcome != Outcome::kUnfinished)
      estimates[a].back() = {1, attempt.win() ? 1 : 0};
  }
  const auto prefixes = prefixes_of(attempts);
  const auto generations = policy.generate(requests_of(attempts, prefixes, options));
  std::size_t next = 0;
  for (const auto& [a, n] : prefixes) {
    auto& estimate = estimates[a][n - 1];
    for (std::int64_t k = 0; k < options.samples; ++k) {
      const auto& generation = generations[next++];
      if (generation.text.empty()) continue;  // the policy cannot continue the prefix
      ++estimate.samples;
      estimate.wins += continued(environment, attempts[a], n, generation, 0).win() ? 1 : 0;
    }
  }
  return estimates;
}

std::vector<Continuation> continuations(const environment::Environment& environment,
                                        model::Policy& policy, std::span<const Trajectory> attempts,
                                        const RolloutOptions& options) {
  const auto prefixes = prefixes_of(attempts);
  const auto requests = requests_of(attempts, prefixes, options);
  const auto generations = policy.generate(requests);
  std::vector<Continuation> made;
  std::size_t next = 0;
  for (const auto& [a, n] : prefixes) {
    for (std::int64_t k = 0; k < options.samples; ++k) {
      const auto at = next++;
      const auto& generation = generations[at];
      if (generation.text.empty()) continue;
      auto whole = continued(environment, attempts[a], n, generation, policy.version());
      whole.seed = requests[at].seed;
      const std::size_t own = whole.steps.size() - n;
      made.push_back({own, std::move(whole)});
    }
  }
  return made;
}

std::vector<float> rollout_labels(std::span<const RolloutEstimate> estimates, RolloutLabel kind) {
  std::vector<float> labels;
  for (const auto& [samples, wins] : estimates) {
    if (samples == 0)
      labels.push_back(kNoLabel);
    else if (kind == RolloutLabel::kHard)
      labels.push_back(wins > 0 ? 1 : 0);
    else
      labels.push_back(static_cast<float>(wins) / static_cast<float>(samples));
  }
  return labels;
}

}  // namespace qstar::learning

#include "learning/policy/advantages.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include "core/result.hpp"
#include "data/attempt.hpp"

namespace qstar::learning {
namespace {

double mean(std::span<const double> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

struct Mean {
  double sum = 0;
  double n = 0;
  void add(double x) { sum += x, n += 1; }
  double value() const { return sum / n; }
};

}  // namespace

bool rewards_differ(std::span<const double> rewards) {
  return std::any_of(rewards.begin(), rewards.end(), [&](double r) { return r != rewards[0]; });
}

std::vector<double> group_advantages(std::span<const double> rewards, GroupBaseline baseline) {
  std::vector<double> advantages(rewards.size(), 0.0);
  if (!rewards_differ(rewards)) return advantages;
  const double centre = mean(rewards);
  const auto n = static_cast<double>(rewards.size());
  double squares = 0;
  for (const double r : rewards) squares += (r - centre) * (r - centre);
  double scale = 1;
  if (baseline == GroupBaseline::kGroup) scale = 1 / std::sqrt(squares / n);
  // r − (n·mean − r)/(n − 1) = (r − mean)·n/(n − 1)
  if (baseline == GroupBaseline::kLeaveOneOut) scale = n / (n - 1);
  for (std::size_t i = 0; i < rewards.size(); ++i) advantages[i] = (rewards[i] - centre) * scale;
  return advantages;
}

double learnability(double pass_rate) { return 4 * pass_rate * (1 - pass_rate); }

double overlong_penalty(std::int64_t tokens, std::int64_t limit, std::int64_t ramp) {
  QSTAR_ASSERT(0 < ramp && ramp <= limit, "0 < ramp <= limit");
  const auto past = static_cast<double>(tokens - (limit - ramp)) / static_cast<double>(ramp);
  return -std::clamp(past, 0.0, 1.0);
}

std::vector<double> generalised_advantages(std::span<const double> rewards,
                                           std::span<const double> values,
                                           const GaeOptions& options) {
  QSTAR_ASSERT(rewards.size() == values.size(), "one value per reward");
  std::vector<double> advantages(rewards.size());
  double next_value = options.bootstrap;
  double next_advantage = 0;
  for (std::size_t t = rewards.size(); t-- > 0;) {
    const double surprise = rewards[t] + options.discount * next_value - values[t];
    next_advantage = surprise + options.discount * options.lambda * next_advantage;
    advantages[t] = next_advantage;
    next_value = values[t];
  }
  return advantages;
}

std::vector<double> proposal_advantages(std::span<const float> q) {
  std::vector<double> advantages(q.begin(), q.end());
  const double v = q.empty() ? 0 : mean(advantages);
  for (double& advantage : advantages) advantage -= v;
  return advantages;
}

std::vector<std::vector<double>> step_advantages(const AttemptGroup& group, StepBaseline baseline) {
  std::map<std::string, Mean> values;  // of a state; all are one state when the group is
  const auto visit = [&](const auto& see) {
    for (std::size_t a = 0; a < group.attempts.size(); ++a) {
      std::string state = group.attempts[a].problem;
      for (const Step& step : group.attempts[a].steps) {
        see(a, step, baseline == StepBaseline::kState ? state : std::string());
        state += kStepSeparator + step.text;
      }
    }
  };
  visit([&](std::size_t, const Step& step, const std::string& state) {
    if (step.q) values[state].add(*step.q);
  });
  std::vector<std::vector<double>> advantages(group.attempts.size());
  visit([&](std::size_t a, const Step& step, const std::string& state) {
    advantages[a].push_back(step.q ? *step.q - values.at(state).value() : 0);
  });
  return advantages;
}

}  // namespace qstar::learning

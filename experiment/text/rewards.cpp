#include "experiment/text/rewards.hpp"

#include <algorithm>
#include <cmath>

namespace qstar::experiment {
namespace {

double least_score(const Trajectory& attempt) {
  if (attempt.outcome == Outcome::kUnfinished || attempt.steps.empty()) return 0;
  float least = 1;
  for (const Step& step : attempt.steps) least = std::min(least, step.reward_score.value_or(0));
  return static_cast<double>(least);
}

double last_logit(const Trajectory& attempt) {
  constexpr double kEdge = 1e-6;
  const double score = attempt.steps.empty()
                           ? 0
                           : static_cast<double>(attempt.steps.back().reward_score.value_or(0));
  const double p = std::clamp(score, kEdge, 1 - kEdge);
  return std::log(p / (1 - p));
}

bool accepted_win(const Trajectory& attempt) {
  constexpr double kAccepted = 0.5;
  return attempt.win() && least_score(attempt) >= kAccepted;
}

}  // namespace

std::string_view to_string(RewardKind kind) {
  switch (kind) {
    case RewardKind::kOutcome: return "outcome";
    case RewardKind::kProcess: return "process";
    case RewardKind::kBoth: return "both";
    case RewardKind::kScreened: return "screened";
    case RewardKind::kProxy: return "proxy";
  }
  return {};
}

RewardKind reward_kind(std::string_view text) {
  for (const auto kind :
       {RewardKind::kProcess, RewardKind::kBoth, RewardKind::kScreened, RewardKind::kProxy})
    if (text == to_string(kind)) return kind;
  return RewardKind::kOutcome;
}

double reward_of(RewardKind kind, const Trajectory& attempt) {
  switch (kind) {
    case RewardKind::kOutcome:
    case RewardKind::kScreened: return attempt.win() ? 1 : 0;
    case RewardKind::kProcess: return least_score(attempt);
    case RewardKind::kBoth: return attempt.win() ? least_score(attempt) : 0;
    case RewardKind::kProxy: return last_logit(attempt);
  }
  return 0;
}

std::vector<std::vector<double>> rewards_of(RewardKind kind,
                                            const std::vector<AttemptGroup>& groups, Lucky lucky) {
  std::vector<std::vector<double>> rewards;
  const auto is_wrong = [lucky](const Trajectory& attempt) {
    return lucky == Lucky::kWrong && attempt.outcome == Outcome::kLucky;
  };
  const auto accepted = [&](const Trajectory& attempt) {
    return accepted_win(attempt) && !is_wrong(attempt);
  };
  const bool by_outcome = kind != RewardKind::kProcess && kind != RewardKind::kProxy;
  for (const auto& group : groups) {
    auto& row = rewards.emplace_back();
    const bool screens =
        kind == RewardKind::kScreened && std::ranges::any_of(group.attempts, accepted);
    for (const auto& attempt : group.attempts) {
      if (by_outcome && is_wrong(attempt))
        row.push_back(0);
      else
        row.push_back(screens ? accepted_win(attempt) : reward_of(kind, attempt));
    }
  }
  return rewards;
}

double mean_of(const std::vector<std::vector<double>>& rewards) {
  double sum = 0, n = 0;
  for (const auto& row : rewards)
    for (const double reward : row) sum += reward, n += 1;
  return n > 0 ? sum / n : 0;
}

}  // namespace qstar::experiment

// Rewards of attempts: by the outcome, by a process reward model's scores of the steps, by two
// combinations of both, or by a preference model.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "data/trajectory.hpp"

namespace qstar::experiment {

enum class RewardKind : std::uint8_t {
  kOutcome,   // 1 for a right answer, else 0
  kProcess,   // the smallest score of its steps; 0 for an unfinished attempt
  kBoth,      // the product of the two
  kScreened,  // 1 for a right answer, but 0 when the process model rejects the attempt (smallest
              // score below one half) and accepts another right one of the group. It only chooses
              // among right answers, so it cannot suppress kinds of steps it was not trained on
  kProxy,     // the logit of the preference model's score of the last step
};
// "outcome", "process", "both", "screened", "proxy".
std::string_view to_string(RewardKind kind);
// The inverse of to_string; kOutcome for other text.
RewardKind reward_kind(std::string_view text);
// Whether the steps must carry a reward model's scores.
constexpr bool needs_scores(RewardKind kind) { return kind != RewardKind::kOutcome; }

// The reward of one attempt alone; kScreened equals kOutcome.
double reward_of(RewardKind kind, const Trajectory& attempt);
// The rewards of all attempts: [groups][attempts]. Unless lucky ones are allowed, the reward of a
// right answer that was reached by a wrong step is that of a wrong answer.
enum class Lucky : std::uint8_t { kAllowed, kWrong };
std::vector<std::vector<double>> rewards_of(RewardKind kind,
                                            const std::vector<AttemptGroup>& groups,
                                            Lucky lucky = Lucky::kAllowed);

// The mean over all attempts; 0 without attempts.
double mean_of(const std::vector<std::vector<double>>& rewards);

}  // namespace qstar::experiment

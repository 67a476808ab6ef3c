// What an attempt is paid: by its outcome, by a process model's word on its steps, by both in two
// ways, or by a preference model.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/trajectory.hpp"
#include "learning/reward_learner.hpp"

namespace qstar {

enum class RewardKind : std::uint8_t {
  kOutcome,   // 1 for a right answer, else 0
  kProcess,   // the least score of its steps; 0 for work without an end
  kBoth,      // their product
  kScreened,  // 1 for a right answer, unless the process model rejects its work (least score below
              // a half) and accepts that of another right answer of the group: of what won it
              // chooses, and cannot forbid what it was never taught
  kProxy,     // the logit of the last step's score
};
// "outcome", "process", "both", "screened", "proxy".
std::string_view to_string(RewardKind kind);
// The inverse; kOutcome of other text.
RewardKind reward_kind(std::string_view text);
// Whether the steps have to carry a reward model's scores.
constexpr bool needs_scores(RewardKind kind) { return kind != RewardKind::kOutcome; }

// Of an attempt without others to compare it with.
double reward_of(RewardKind kind, const Trajectory& attempt);
// One a group and attempt.
std::vector<std::vector<double>> rewards_of(RewardKind kind,
                                            const std::vector<AttemptGroup>& groups);

// Writes the model's scores into the steps of all attempts; what does not encode gets none.
void write_scores(RewardLearner& model, std::vector<AttemptGroup>& groups);

}  // namespace qstar

// Advantages: how much better than expected a reward is. Pure functions without tensors.
//
// Within a group of attempts at one problem:
//   group          (r − mean) / deviation     GRPO (Shao et al. 2024, arXiv 2402.03300)
//   centred        r − mean                   Dr. GRPO (Liu et al. 2025, arXiv 2503.20783)
//   leave_one_out  r − mean of the others     RLOO (Ahmadian et al. 2024, arXiv 2402.14740)
// The deviation is the population's. Along one attempt: generalised advantage estimation (Schulman
// et al. 2016). With a critic: Q − V.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "data/trajectory.hpp"

namespace qstar::learning {

enum class GroupBaseline : std::uint8_t { kGroup, kCentred, kLeaveOneOut };
// All zero when the rewards are equal, as in a group of one.
std::vector<double> group_advantages(std::span<const double> rewards, GroupBaseline baseline);

// Whether the rewards of a group differ. If not, its advantages are zero and it can be dropped
// (dynamic sampling: DAPO, Yu et al. 2025, arXiv 2503.14476).
bool rewards_differ(std::span<const double> rewards);

// 4p(1 − p): 1 when half of the attempts win, 0 when all or none do. The scaled variance of the
// win, a measure of how much can be learned from a problem.
double learnability(double pass_rate);

// The penalty added to the reward of a long attempt (DAPO, equation 13): 0 up to `limit` − `ramp`
// tokens, falling linearly to −1 at `limit`. 0 < ramp <= limit.
double overlong_penalty(std::int64_t tokens, std::int64_t limit, std::int64_t ramp);

// GAE: A_t = Σ_l (γλ)^l δ_{t+l}, δ_t = r_t + γ V_{t+1} − V_t, with V after the last step =
// `bootstrap` (0 where the attempt has ended). rewards and values [T]; returns are A + V.
struct GaeOptions {
  double discount = 1;  // γ
  double lambda = 0.95;
  double bootstrap = 0;
};
std::vector<double> generalised_advantages(std::span<const double> rewards,
                                           std::span<const double> values,
                                           const GaeOptions& options);

// Q − V for steps proposed in one state, V the mean of their Q.
std::vector<double> proposal_advantages(std::span<const float> q);

// Q − V for every step of a group's attempts, from the Q that the steps carry; V is the mean over
//   kState  the steps that the group's attempts took in the same state (0 where only one passed)
//   kGroup  all steps of the group
// A step without Q has advantage 0 and no part in any mean.
enum class StepBaseline : std::uint8_t { kState, kGroup };
std::vector<std::vector<double>> step_advantages(const AttemptGroup& group, StepBaseline baseline);

}  // namespace qstar::learning

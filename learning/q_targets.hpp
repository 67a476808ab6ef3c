// What a Q-critic is taught: a target for every closed step of a group's attempts, from who won
// alone. Pure functions over the tree that the attempts span (step_tree.hpp).
//
// Rows: one an attempt, in order. `online` and `target` hold what the two networks say of its
// steps; an attempt that does not encode has an empty row in both, and no part in a maximum over
// networks. Targets: a number a closed step; not a number where nothing is known.
//
//   double_q         γ · Q_target(s′, argmax_a Q_online(s′, a)), the win for the last step
//                    (van Hasselt, Guez, Silver 2016, arXiv 1509.06461, eq. 4)
//   n_step           γ^n times the same, n steps further along the attempt; γ^(steps left) times
//                    the win where the attempt ends before (Sutton & Barto 2018, eq. 7.1 with a
//                    greedy bootstrap; the steps between are not corrected for being off-policy)
//   max_backup       the best that was found: γ · max_a Q(s′, a), from the leaves
//   expected_backup  what the policy makes of it: γ · Σ_a π(a|s′) Q(s′, a), from the leaves
//   kept_chance      the share of the chance to win that the path has kept (below)
//
// Double Q and n steps need the network in order to look past what was sampled; backups need none,
// and are exact for the tree that they are given: the more attempts a group has, the better.
//
// kept_chance: K(s, a) = K(s) · Q(s, a) / (max_b Q(s, b) + luck), Q by expected_backup, K = 1 at
// the problem. Its logarithm sums log-advantages, log Q − log max Q, over the path. A step from
// which the policy wins as often as from any other in its state keeps nearly all; a wrong one keeps
// hardly anything, however hard the problem is. So it is what a process reward model's label is,
// without a verifier. A lucky win, which max_backup takes for right, counts only as much as it was
// likely: where no better chance than `luck` was found, no step keeps much. What follows a step
// that kept less than kLost keeps the same; of steps where nobody won, after one that kept more,
// nothing is known. Not from a paper: Setlur et al. 2024 (arXiv 2410.08146) learn the differences,
// Q(s, a) − V(s), where this learns shares.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "learning/step_tree.hpp"

namespace qstar {

using QRows = std::vector<std::vector<float>>;

// The words of CriticConfig::target.
inline constexpr const char* kQTargets = "double_q|n_step|max_backup|expected_backup|kept_chance";

struct QTargetOptions {
  std::string target = "double_q";  // a word of kQTargets
  std::int64_t steps = 3;           // of n_step, ≥ 1
  double discount = 1;              // γ, in [0, 1]
  double luck = 0.03;               // of kept_chance: a chance that luck may explain, in [0, 1]
};

// Whether the target is made of what the networks say; otherwise rows of Q are not looked at.
bool asks_network(const QTargetOptions& options);

QRows q_targets(const StepTree& tree, std::span<const std::vector<float>> online,
                std::span<const std::vector<float>> target, const QTargetOptions& options);

// n_step; double Q with steps = 1.
QRows n_step_targets(const StepTree& tree, std::span<const std::vector<float>> online,
                     std::span<const std::vector<float>> target, std::int64_t steps,
                     double discount);

// K of every node.
std::vector<double> kept_chances(const StepTree& tree, double discount, double luck);
inline constexpr double kLost = 0.001;

// Which of a group's valued steps were taken in the same state: for what a loss says of all steps
// of a state at once. Steps are counted through the rows, attempt by attempt.
struct StateIndex {
  std::vector<std::int64_t> states;    // of every step: its state
  std::vector<std::int64_t> distinct;  // of every different step: the first time that it was taken
  std::int64_t size = 0;               // states

  // Appends a group; rows of `values` that are empty have no steps.
  void add(const StepTree& tree, std::span<const std::vector<float>> values);

 private:
  std::int64_t steps_ = 0;
};

}  // namespace qstar

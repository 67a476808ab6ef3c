// Training targets of a Q-critic: one for every closed step of a group's attempts, computed only
// from which attempts won. Pure functions over the tree that the attempts span (step_tree.hpp).
//
// Rows: one per attempt, in order. `online` and `target` hold the two networks' values of its
// steps; an attempt that cannot be encoded has an empty row in both and is not part of any maximum.
// Targets: one number per closed step; NaN where no target is known.
//
//   double_q         γ · Q_target(s′, argmax_a Q_online(s′, a)), the win for the last step
//                    (van Hasselt, Guez, Silver 2016, arXiv 1509.06461, eq. 4)
//   n_step           γ^n times the same, n steps further along the attempt; γ^(steps left) times
//                    the win when the attempt ends earlier (Sutton & Barto 2018, eq. 7.1 with a
//                    greedy bootstrap; the steps between are not corrected for being off-policy)
//   max_backup       the best continuation found: γ · max_a Q(s′, a), from the leaves
//   expected_backup  the policy's expectation: γ · Σ_a π(a|s′) Q(s′, a), from the leaves
//   kept_chance      the share of the probability of a win that the path has kept (below)
//
// Double Q and n steps use the network to look past the sampled steps. Backups need no network and
// are exact for the given tree; more attempts per group make it a better estimate.
//
// kept_chance: K(s, a) = K(s) · Q(s, a) / (max_b Q(s, b) + luck), Q by expected_backup, K = 1 at
// the problem. Its logarithm sums log-advantages, log Q − log max Q, over the path. A step from
// which the policy wins as often as from any other step in its state keeps nearly everything; a
// wrong step keeps almost nothing, however hard the problem is. So it behaves like the label of a
// process reward model, without a verifier. A lucky win, which max_backup counts as fully right,
// counts only in proportion to its probability: where no step has a better chance than `luck`, no
// step keeps much. Steps after one that kept less than kLost keep the same; otherwise the steps
// of a state where no step ever won have no target. Not from a paper: Setlur et al. 2024 (arXiv
// 2410.08146) learn the differences, Q(s, a) − V(s), where this learns shares.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "learning/critic/step_tree.hpp"

namespace qstar::learning {

using QRows = std::vector<std::vector<float>>;

// The words of CriticConfig::target.
inline constexpr const char* kQTargets = "double_q|n_step|max_backup|expected_backup|kept_chance";

struct QTargetOptions {
  std::string target = "double_q";  // a word of kQTargets
  std::int64_t steps = 3;           // n_step: number of steps, at least 1
  double discount = 1;              // γ, in [0, 1]
  double luck = 0.03;               // kept_chance: probability of a win due to luck, in [0, 1]
};

// Whether the target uses the networks' values; otherwise the rows of Q are not read.
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

// Which of a group's valued steps were taken in the same state, for loss terms over all steps of a
// state. Steps are numbered through the rows, attempt by attempt.
struct StateIndex {
  std::vector<std::int64_t> states;    // of every step: the index of its state
  std::vector<std::int64_t> distinct;  // of every different step: its first occurrence
  std::int64_t size = 0;               // number of states

  // Appends a group; empty rows of `values` have no steps.
  void add(const StepTree& tree, std::span<const std::vector<float>> values);

 private:
  std::int64_t steps_ = 0;
};

}  // namespace qstar::learning

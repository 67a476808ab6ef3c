// The tree of states that a group's attempts span: steps that attempts share are one node. Pure.
//
// A node is a text of closed steps (";problem=step=step="); half a step is in no node. Targets of Q
// are values of its nodes (q_targets.hpp): the value of the step that leads to a node, in the state
// before it.
//
// The sums over a state's steps are over those that were sampled. An expectation weighs them by the
// probabilities that the policy gave them when it took them, so that it does not matter how often a
// branch was visited, nor whether attempts were begun at the problem or in the middle; what nobody
// sampled counts as lost, which makes it a lower bound. Steps without log-probabilities, as of
// puzzles, weigh the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/trajectory.hpp"

namespace qstar {

struct StepTree {
  struct Node {
    std::size_t parent = 0;
    std::vector<std::size_t> children;  // in the order in which they were met
    double probability = 1;             // of the step to it, under the policy that took it
    bool won = false;                   // work ended here with a right answer
  };

  explicit StepTree(const AttemptGroup& group);

  std::vector<Node> nodes;  // parents before their children; roots have no steps
  // The node behind every closed step of every attempt, closed_steps() of them.
  std::vector<std::vector<std::size_t>> places;
};

// How the value of a state comes from the values of the steps sampled in it.
enum class Backup : std::uint8_t {
  kMax,      // max_a Q(s, a): the optimality equation (Bellman 1957)
  kExpected  // Σ_a π(a|s) Q(s, a): expected SARSA (Sutton & Barto 2018, eq. 6.9), here exact
};

// Q of the step to every node, backed up from the leaves: 1 or 0 where work ended, else `discount`
// times the state's value. 0 where attempts were cut off and none went on.
std::vector<double> backed_up(const StepTree& tree, Backup backup, double discount);

}  // namespace qstar

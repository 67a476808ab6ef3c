// The tree of states that a group's attempts span: steps that attempts share are one node. Pure.
//
// A node is a text of closed steps (";problem=step=step="); half a step is in no node. Targets of Q
// are values of its nodes (q_targets.hpp): the value of the step that leads to a node, in the state
// before it.
//
// Sums over a state's steps are over the sampled ones. An expectation weights them by the
// probabilities that the policy gave them, so that neither the number of visits to a branch nor
// the point where an attempt started matters; steps that were never sampled count as lost, which
// makes it a lower bound. Steps without log-probabilities, such as those of puzzles, have equal
// weight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/trajectory.hpp"

namespace qstar::learning {

struct StepTree {
  struct Node {
    std::size_t parent = 0;
    std::vector<std::size_t> children;  // in order of first occurrence
    double probability = 1;             // of the step to it, under the policy that took it
    bool won = false;                   // an attempt ended here with a right answer
  };

  explicit StepTree(const AttemptGroup& group);

  std::vector<Node> nodes;  // parents before their children; roots have no steps
  // The node after each closed step: [attempts][closed_steps()].
  std::vector<std::vector<std::size_t>> places;
};

// How the value of a state is computed from the values of the steps sampled in it.
enum class Backup : std::uint8_t {
  kMax,      // max_a Q(s, a): the optimality equation (Bellman 1957)
  kExpected  // Σ_a π(a|s) Q(s, a): expected SARSA (Sutton & Barto 2018, eq. 6.9), here exact
};

// Q of the step to every node, backed up from the leaves: 1 or 0 where an attempt ended, else
// `discount` times the state's value; 0 where attempts were cut off and none continued.
std::vector<double> backed_up(const StepTree& tree, Backup backup, double discount);

}  // namespace qstar::learning

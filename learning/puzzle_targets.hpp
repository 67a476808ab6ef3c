// Targets of a puzzle's learner, from a target network alone (formulas: puzzle_learner.hpp).
//
// Apart from the learner, so that others can compute them beside it: a target depends on the
// target network, the examples and these options, on nothing that an update changes; but for
// double Q-learning, where the online network takes part.
#pragma once

#include <memory>
#include <vector>

#include "learning/puzzle_learner.hpp"

namespace qstar {

// The costs [n] of the ways back that the scrambles know; of Q, of those that begin with the move.
// They are the targets of the first `warm_up` updates, and of those batches.
std::vector<float> ways_back(const PuzzleLearnerConfig& config, const PuzzleExamples& examples);

class PuzzleTargets {
 public:
  // The target network must be of this puzzle.
  PuzzleTargets(std::shared_ptr<const Puzzle> puzzle, const PuzzleLearnerConfig& config,
                PuzzleNetwork network);
  // Targets [n] of the examples. `chooser`: the online network of double Q-learning; null: the
  // target network chooses, too.
  std::vector<float> of(const PuzzleExamples& examples, CostToGo* chooser = nullptr);

 private:
  std::shared_ptr<const Puzzle> puzzle_;
  PuzzleLearnerConfig config_;
  PuzzleNetwork network_;
};

}  // namespace qstar

// Targets of a puzzle's learner, from a target network alone (formulas: puzzle_learner.hpp).
//
// Apart from the learner, so that others can compute them beside it: a target depends on the
// target network, the examples and these options, on nothing that an update changes; but for
// double Q-learning, where the online network takes part.
#pragma once

#include <memory>
#include <vector>

#include "learning/cost_to_go/puzzle_learner.hpp"

namespace qstar::learning {

// How many outputs of the network an example teaches: k.
std::size_t taught_outputs(const PuzzleLearnerConfig& config);

// Which outputs: of "q" its move; of "v" the only one; of "qv" its move and taught_moves − 1
// others, spread over all moves, then V. Where moves are macro-actions (Puzzle::parts), they are
// spread over those with one first move, which is drawn for each example; its own move is not
// preferred.
class TaughtOutputs {
 public:
  TaughtOutputs(const environment::Puzzle& puzzle, const PuzzleLearnerConfig& config);
  // [n, k]
  std::vector<std::uint16_t> of(const PuzzleExamples& examples) const;
  // The rests of moves with parts are moves below this; 0 when no move has parts.
  std::size_t rests() const { return rests_; }

 private:
  std::size_t base(const PuzzleExamples& examples, std::size_t i) const;
  struct Place {
    std::size_t group, at;
  };
  std::string values_;
  std::size_t taught_, rests_ = 0;
  std::vector<std::vector<environment::Move>> groups_;  // moves that are taught together
  std::vector<Place> places_;                           // of each move
};
// Whether these updates' targets need a network; else they are
bool needs_network(const PuzzleLearnerConfig& config, bool warming_up);
// the costs [n] of the ways back that the scrambles know; of Q, of those that begin with the move.
const std::vector<float>& ways_back(const PuzzleLearnerConfig& config,
                                    const PuzzleExamples& examples);

class PuzzleTargets {
 public:
  // The target network must be of this puzzle.
  PuzzleTargets(std::shared_ptr<const environment::Puzzle> puzzle,
                const PuzzleLearnerConfig& config, inference::PuzzleNetwork network);
  struct When {
    bool warming_up = false;  // in the first `warm_up` updates
    model::CostToGo* chooser =
        nullptr;  // the online network of double Q-learning; null: the target's
  };
  // Targets [n, k] of the examples; not a number where an illegal move would be taught.
  std::vector<float> of(const PuzzleExamples& examples, const When& when);
  std::vector<float> of(const PuzzleExamples& examples) { return of(examples, When()); }
  const TaughtOutputs& taught() const { return taught_; }

 private:
  std::vector<float> bootstrapped(const PuzzleExamples& examples, model::CostToGo* chooser);
  std::vector<float> by_best_move(std::span<const std::uint8_t> states, BestMoves& best);
  std::vector<float> values(std::span<const std::uint8_t> states);
  std::vector<float> advantages(const PuzzleExamples& examples);
  std::vector<float> behind_each(std::span<const std::uint8_t> states,
                                 std::span<const environment::Move> which);
  std::vector<float> behind_the_first(std::span<const std::uint8_t> states,
                                      std::span<const environment::Move> which,
                                      std::span<const environment::Move> firsts);

  std::shared_ptr<const environment::Puzzle> puzzle_;
  PuzzleLearnerConfig config_;
  inference::PuzzleNetwork network_;
  TaughtOutputs taught_;
  bool reversible_;  // so that no position is a dead end
};

}  // namespace qstar::learning

// One-step look-ahead in a puzzle by a Q- or value network: targets to learn from, greedy play.
//
// A network with one output is a V. The best move by Q is the one with the smallest output; by V,
// the one whose cost plus the child's value is smallest (0 when the child is solved). Illegal moves
// are never taken. V needs one evaluation per child, Q one per position: the reason for Q-learning
// when there are many moves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "environment/puzzle/puzzle.hpp"
#include "model/models.hpp"

namespace qstar::learning {

class BestMoves {
 public:
  struct Options {
    // Double Q-learning (van Hasselt, Guez, Silver 2016): this network chooses the move, `values`
    // only evaluates it. Null: `values` does both.
    model::CostToGo* chooser = nullptr;
    float dead_end = 100;  // the cost to go from a position without a legal move
  };
  BestMoves(const environment::Puzzle& puzzle, model::CostToGo& values, Options options);
  BestMoves(const environment::Puzzle& puzzle, model::CostToGo& values)
      : BestMoves(puzzle, values, Options()) {}

  // For every position (solved or not): its best legal move, and the cost of that move and of what
  // follows. Ties go to the first move; kNoMove and `dead_end` when no move is legal.
  void find(std::span<const std::uint8_t> states, std::span<float> costs,
            std::span<environment::Move> moves);

 private:
  void find_q(std::span<const std::uint8_t> states);
  void find_v(std::span<const std::uint8_t> states);
  void make_children(std::span<const std::uint8_t> states);
  void value_children(model::CostToGo& by, std::span<float> costs);
  void choose(std::size_t n, std::span<float> costs, std::span<environment::Move> moves) const;

  const environment::Puzzle& puzzle_;
  model::CostToGo& values_;
  Options options_;
  std::vector<std::uint8_t> legal_;       // [n, moves]
  std::vector<float> table_, chosen_by_;  // [n, moves]: cost of each move and of what follows
  std::vector<std::uint8_t> children_;    // [some positions · moves, state_bytes]
  std::vector<environment::Move> taken_;  // the moves that made them
};

// The cost to go from each position: the cost of up to `horizon` best moves, then the network's
// value. Solved positions (cost 0) and positions without a legal move (`dead_end`) end the
// sequence. Horizon 1 is the one-step Bellman backup; horizon h looks further with h times the
// evaluations (limited-horizon backups).
void look_ahead(const environment::Puzzle& puzzle, BestMoves& best,
                std::span<const std::uint8_t> states, std::int64_t horizon, std::span<float> costs);

// Share of the positions that best moves solve within `steps`, in [0, 1].
double solved_share(const environment::Puzzle& puzzle, BestMoves& best,
                    std::span<const std::uint8_t> states, std::int64_t steps);

// The best moves from one position, and the network's values of them.
struct PuzzleWalk {
  std::vector<std::uint8_t> start;  // [state_bytes]
  std::vector<environment::Move> moves;
  std::vector<float> values;  // [moves]: cost of the move and of what follows, as predicted
  bool solved = false;
};
// Best moves from each position until it is solved, no move is legal, or `steps` moves are taken.
std::vector<PuzzleWalk> greedy_walks(const environment::Puzzle& puzzle, BestMoves& best,
                                     std::span<const std::uint8_t> states, std::int64_t steps);

}  // namespace qstar::learning

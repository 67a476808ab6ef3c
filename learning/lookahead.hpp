// One-step look-ahead in a puzzle by a Q- or value network: targets to learn from, greedy play.
//
// A network with one output is a V. Of Q, the best move is the cheapest output; of V, the move
// whose cost plus the child's value is least (0 when the child is solved). Illegal moves are never
// taken. V pays an evaluation for every child, Q one for the position: that is the point of
// Q-learning with many moves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/models.hpp"
#include "environment/puzzle.hpp"

namespace qstar {

class BestMoves {
 public:
  struct Options {
    // Double Q-learning (van Hasselt, Guez, Silver 2016): these choose the move, `values` only
    // value it. Null: `values` do both.
    CostToGo* chooser = nullptr;
    float dead_end = 100;  // the cost to go from a position without a legal move
  };
  BestMoves(const Puzzle& puzzle, CostToGo& values, Options options);
  BestMoves(const Puzzle& puzzle, CostToGo& values) : BestMoves(puzzle, values, Options()) {}

  // Of every position (solved or not): its best legal move and the cost of it and of what follows;
  // ties go to the first. kNoMove and `dead_end` where nothing is legal.
  void find(std::span<const std::uint8_t> states, std::span<float> costs, std::span<Move> moves);

 private:
  void find_q(std::span<const std::uint8_t> states);
  void find_v(std::span<const std::uint8_t> states);
  void make_children(std::span<const std::uint8_t> states);
  void value_children(CostToGo& by, std::span<float> costs);
  void choose(std::size_t n, std::span<float> costs, std::span<Move> moves) const;

  const Puzzle& puzzle_;
  CostToGo& values_;
  Options options_;
  std::vector<std::uint8_t> legal_;       // [n, moves]
  std::vector<float> table_, chosen_by_;  // [n, moves]: cost of each move and what follows
  std::vector<std::uint8_t> children_;    // [some positions · moves, state_bytes]
  std::vector<Move> taken_;               // the moves that made them
};

// The cost to go from each position by following best moves for `horizon` of them, then trusting
// the values: 0 at solved positions and `dead_end` where nothing is legal, which end the way.
// horizon 1 is the one-step Bellman backup; more looks further at as many evaluations
// (limited-horizon backups).
void look_ahead(const Puzzle& puzzle, BestMoves& best, std::span<const std::uint8_t> states,
                std::int64_t horizon, std::span<float> costs);

// Share of the positions that best moves solve within `steps`, in [0, 1].
double solved_share(const Puzzle& puzzle, BestMoves& best, std::span<const std::uint8_t> states,
                    std::int64_t steps);

// What best moves do from one position, and what the network said of each.
struct PuzzleWalk {
  std::vector<std::uint8_t> start;  // [state_bytes]
  std::vector<Move> moves;
  std::vector<float> values;  // [moves]: cost of the move and of what follows, as predicted
  bool solved = false;
};
// Best moves from each position until it is solved, nothing is legal, or `steps` are taken.
std::vector<PuzzleWalk> greedy_walks(const Puzzle& puzzle, BestMoves& best,
                                     std::span<const std::uint8_t> states, std::int64_t steps);

}  // namespace qstar

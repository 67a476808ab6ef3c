// Estimates that are not learned, for searching without a model; by name in heuristics.cpp.
//
//   zero       every puzzle
//   manhattan  sliding_tiles: the tiles' distances from their places, summed
//   gaps       pancake: neighbours that do not belong together (Helmert 2010)
//
// All are admissible: with one of them and weight 1, A* and Q* find an optimal solution.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "environment/puzzle/puzzle.hpp"
#include "model/models.hpp"

namespace qstar::search {

enum class EstimateKind : std::uint8_t {
  kValue,  // V: one output per position, for A*
  kMoves,  // Q: one output per move, for Q*
};

// Knows nothing: 0 of a position, the move's own cost of a move. Admissible; with it and weight 1,
// A* and Q* are uniform-cost search.
class ZeroEstimate final : public model::CostToGo {
 public:
  ZeroEstimate(const environment::Puzzle& puzzle, EstimateKind kind);
  std::size_t outputs() const override { return row_.size(); }
  void costs(std::span<const std::uint8_t> states, std::span<float> costs) override;

 private:
  std::vector<float> row_;
};

// A Q made of any V: the move's cost and V of the position behind it. It builds every child of a
// position to estimate its moves, which is what Q* is there to save: for comparisons, and for V
// that cost next to nothing. What it says of moves that are not legal means nothing.
class MovesByValue final : public model::CostToGo {
 public:
  // `value` has one output.
  MovesByValue(std::shared_ptr<const environment::Puzzle> puzzle,
               std::unique_ptr<model::CostToGo> value);
  std::size_t outputs() const override { return puzzle_->moves(); }
  void costs(std::span<const std::uint8_t> states, std::span<float> costs) override;

 private:
  std::shared_ptr<const environment::Puzzle> puzzle_;
  std::unique_ptr<model::CostToGo> value_;
  std::vector<environment::Move> moves_;  // [moves]
  std::vector<std::uint8_t> children_;    // [moves, state_bytes]
};

// Names of all heuristics, in the registry's order.
std::vector<std::string> heuristic_names();
// Names of the heuristics that the puzzle offers, in the registry's order.
std::vector<std::string> heuristic_names(const environment::Puzzle& puzzle);
// kUsage names those that the puzzle offers.
Result<std::unique_ptr<model::CostToGo>> make_heuristic(
    std::string_view name, std::shared_ptr<const environment::Puzzle> puzzle,
    EstimateKind kind = EstimateKind::kValue);

}  // namespace qstar::search

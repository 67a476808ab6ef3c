// Estimates that are not learned, for searching without a model.
#pragma once

#include <vector>

#include "core/models.hpp"
#include "environment/puzzle.hpp"

namespace qstar {

enum class EstimateKind : std::uint8_t {
  kValue,  // V: one output a position, for A*
  kMoves,  // Q: an output a move, for Q*
};

// Knows nothing: 0 of a position, the move's own cost of a move. Admissible; with it and weight 1,
// A* and Q* are uniform-cost search.
class ZeroEstimate final : public CostToGo {
 public:
  ZeroEstimate(const Puzzle& puzzle, EstimateKind kind);
  std::size_t outputs() const override { return row_.size(); }
  void costs(std::span<const std::uint8_t> states, std::span<float> costs) override;

 private:
  std::vector<float> row_;
};

}  // namespace qstar

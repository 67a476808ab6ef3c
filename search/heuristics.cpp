#include "search/heuristics.hpp"

#include <algorithm>

namespace qstar {

ZeroEstimate::ZeroEstimate(const Puzzle& puzzle, EstimateKind kind) {
  if (kind == EstimateKind::kValue) {
    row_ = {0};
    return;
  }
  for (std::size_t m = 0; m < puzzle.moves(); ++m) {
    row_.push_back(puzzle.cost(static_cast<Move>(m)));
  }
}

void ZeroEstimate::costs(std::span<const std::uint8_t>, std::span<float> costs) {
  for (std::size_t i = 0; i < costs.size(); i += row_.size()) {
    std::copy(row_.begin(), row_.end(), costs.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace qstar

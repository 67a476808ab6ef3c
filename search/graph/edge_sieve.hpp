// The cheapest few of a position's scored edges.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "environment/puzzle/puzzle.hpp"

namespace qstar::search {

struct ScoredEdge {
  float cost;  // Q: the move's own cost and the estimate behind it
  environment::Move move;
  friend bool operator==(const ScoredEdge&, const ScoredEdge&) = default;
  // Cheapest first, the lower move first among equal ones.
  friend bool operator<(const ScoredEdge& a, const ScoredEdge& b) {
    return a.cost != b.cost ? a.cost < b.cost : a.move < b.move;
  }
};

// The cost of a move that cannot be made.
inline constexpr float kNoEdge = std::numeric_limits<float>::infinity();

class EdgeSieve {
 public:
  // The `count` smallest of the edges with a cost below infinity, sorted. A cost that is NaN is not
  // below infinity. What is returned is valid until the next call.
  std::span<const ScoredEdge> cheapest(std::span<const float> costs, std::size_t count);

 private:
  std::span<std::int64_t> keys_below(std::span<const float> costs, float cut);
  void sort_few(std::size_t count);  // the first ones of keys_, into edges_

  std::vector<std::int64_t> keys_;  // edges as numbers, and some room behind them
  std::vector<ScoredEdge> edges_;
};

}  // namespace qstar::search

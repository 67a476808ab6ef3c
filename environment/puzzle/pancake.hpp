// Pancake sorting: a stack of n pancakes of different sizes; a move turns the top k over; the goal
// is the smallest on top and the largest at the bottom.
//
// A position is the sizes from the top, e.g. "3 1 2". The moves are named k, from "2" to "n"; each
// is its own inverse. Packed: one byte per pancake, its size less 1. A network sees the sizes,
// which pancakes are followed by a gap (see pancake_gaps), and which would follow the top one
// without.
#pragma once

#include "environment/puzzle/puzzle.hpp"

namespace qstar::environment {

class Pancake final : public Puzzle {
 public:
  static constexpr std::size_t kMinPancakes = 2, kMaxPancakes = 64;
  explicit Pancake(std::size_t pancakes);

  std::string_view name() const override { return "pancake"; }
  std::size_t state_bytes() const override { return pancakes_; }
  std::size_t moves() const override { return pancakes_ - 1; }
  std::string move_name(Move move) const override;
  std::optional<Move> move_of(std::string_view name) const override;
  std::optional<Move> inverse(Move move) const override { return move; }

  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override;
  void legal(std::span<const std::uint8_t> states, std::span<std::uint8_t> legal) const override;
  bool solved(std::span<const std::uint8_t> state) const override;

  std::size_t cells() const override { return 3 * pancakes_; }
  std::size_t symbols() const override { return pancakes_; }
  void encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const override;

  std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const override;
  Result<std::vector<std::uint8_t>> parse(std::string_view text) const override;
  std::string text(std::span<const std::uint8_t> state) const override;
  // One bar per pancake, the top first.
  std::string render(std::span<const std::uint8_t> state) const override;

 private:
  std::size_t pancakes_;
};

// Neighbours, the plate under the stack among them, whose sizes differ by more than 1: a lower
// bound on the moves left (Helmert 2010, "Landmark Heuristics for the Pancake Problem").
std::size_t pancake_gaps(std::span<const std::uint8_t> state);

// A solution of at most 2 n - 3 moves, not the shortest: the largest pancake out of place to the
// top, then down (Gates and Papadimitriou 1979, "Bounds for Sorting by Prefix Reversal").
std::vector<Move> pancake_solution(std::span<const std::uint8_t> state);

}  // namespace qstar::environment

// Sliding tiles: n x n cells with n * n - 1 numbered tiles and one blank (the 8-, 15- and
// 24-puzzle); a move slides a tile into the blank; the aim is 1 2 3 ... with the blank last.
//
// A position is its numbers row by row, 0 for the blank, e.g. "1 2 3 4 5 6 7 0 8". The moves U, D,
// L and R name the tile's way: U slides the tile below the blank up, so that the blank goes down.
// Packed: one byte per cell, the numbers as they are. Half of all arrangements cannot be solved
// (Johnson and Story 1879, "Notes on the 15 Puzzle"); parse refuses them.
#pragma once

#include "environment/puzzle/puzzle.hpp"

namespace qstar::environment {

class SlidingTiles final : public Puzzle {
 public:
  static constexpr std::size_t kMinSide = 2, kMaxSide = 8;
  explicit SlidingTiles(std::size_t side);

  std::string_view name() const override { return "sliding_tiles"; }
  std::size_t state_bytes() const override { return goal_.size(); }
  std::size_t moves() const override { return 4; }
  std::string move_name(Move move) const override;
  std::optional<Move> move_of(std::string_view name) const override;
  std::optional<Move> inverse(Move move) const override;

  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override;
  void legal(std::span<const std::uint8_t> states, std::span<std::uint8_t> legal) const override;
  bool solved(std::span<const std::uint8_t> state) const override;

  std::size_t cells() const override { return goal_.size(); }
  std::size_t symbols() const override { return goal_.size(); }
  void encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const override;

  // A walk of `steps` moves from the goal that never undoes its last move.
  std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const override;
  Result<std::vector<std::uint8_t>> parse(std::string_view text) const override;
  std::string text(std::span<const std::uint8_t> state) const override;
  std::string render(std::span<const std::uint8_t> state) const override;

 private:
  // The cell whose tile `move` slides into the blank at `blank`; none outside the board.
  std::optional<std::size_t> source(std::size_t blank, Move move) const;
  std::size_t blank_of(std::span<const std::uint8_t> state) const;
  void slide(std::span<std::uint8_t> state, Move move) const;

  std::size_t side_;
  std::vector<std::uint8_t> goal_;
};

// The sum of the tiles' distances, in rows and columns, from their places: a lower bound on the
// moves left. `state` has side * side cells.
std::size_t manhattan_distance(std::span<const std::uint8_t> state, std::size_t side);

}  // namespace qstar::environment

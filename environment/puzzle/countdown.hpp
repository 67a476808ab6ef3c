// Countdown as a puzzle: up to n numbers and a target, by the rules of countdown_rules.hpp.
//
// A position is the numbers, the largest first, and the target, e.g. "100 75 25 3:952". Packed:
// 4 bytes per number, little endian, 0 where there is none (any more), then the target in 2 bytes.
// Equal sets of numbers have equal bytes.
//
// A move names the places of two numbers, the largest number being at place 1, and the operation on
// them: "1+2", "1-3", "2/3"; always the larger number first. No move can be undone, and most
// lead to positions that cannot be solved any more: a single number that is not the target has no
// moves left.
//
// For a network a position is 18 cells per place, 10 for the target and one for how many numbers
// are left, each below 16: 119 cells, 1904 inputs, at n = 6; see countdown_cells.cpp.
#pragma once

#include "environment/puzzle/countdown_rules.hpp"
#include "environment/puzzle/puzzle.hpp"

namespace qstar::environment {

class Countdown final : public Puzzle {
 public:
  static constexpr std::size_t kMinNumbers = 2, kMaxNumbers = countdown::kMaxNumbers;
  explicit Countdown(std::size_t numbers);

  std::string_view name() const override { return "countdown"; }
  std::size_t state_bytes() const override;
  std::size_t moves() const override { return combinations_.size(); }
  std::string move_name(Move move) const override;
  std::optional<Move> move_of(std::string_view name) const override;
  std::optional<Move> inverse(Move) const override { return std::nullopt; }

  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override;
  void legal(std::span<const std::uint8_t> states, std::span<std::uint8_t> legal) const override;
  bool solved(std::span<const std::uint8_t> state) const override;

  std::size_t cells() const override;
  std::size_t symbols() const override;
  void encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const override;

  // Made forwards: drawn numbers, and a target from 100 to 999 that random moves happened to reach;
  // the position `steps` moves before that (at most n - 1).
  std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const override;
  // Any numbers, n at most, and target within the rules' bounds, solvable or not.
  Result<std::vector<std::uint8_t>> parse(std::string_view text) const override;
  std::string text(std::span<const std::uint8_t> state) const override;
  std::string render(std::span<const std::uint8_t> state) const override;

  // A shortest solution of a position; none when there is no solution. At n = 6 within 0.1 s.
  std::optional<std::vector<Move>> shortest_solution(std::span<const std::uint8_t> state) const;

 private:
  countdown::Position unpacked(std::span<const std::uint8_t> state) const;
  void pack(const countdown::Position& position, std::span<std::uint8_t> state) const;
  std::vector<std::uint8_t> packed(const countdown::Position& position) const;
  Move move_of(const countdown::Combination& combination) const;

  std::size_t numbers_;
  std::vector<countdown::Combination> combinations_;  // by move
};

namespace countdown {

// The cells of Countdown::encode.
inline constexpr std::size_t kSymbols = 16, kCellsOfNumber = 18, kCellsOfTarget = 11;
// cells [count_max · kCellsOfNumber + kCellsOfTarget]; count_max places, whatever is left.
void write_cells(const Position& position, std::span<std::uint8_t> cells);

}  // namespace countdown
}  // namespace qstar::environment

// Lights Out: n x n lamps; pressing one toggles it and its neighbours; the aim is all lamps off.
//
// A position is its rows of 0 and 1 from the top, e.g. "110/100/000"; spaces and commas may stand
// for the slashes or between any two lamps. A move is "row,column" from 1, e.g. "1,1"; it is its
// own inverse. With `presses` 2 or 3 the moves are all sets of up to that many cells ("1,1 2,3"),
// and a move's cost is the number of its cells. Packed: one bit per lamp, row by row, from the
// lowest bit of the first byte.
//
// A network sees the lamps; with `chase` also what a person who chases the lights would: pressing,
// row after row, below every lit lamp leaves only the last row lit, and how it is left decides
// which cells of the first row should have been pressed. These are the presses (a cell each) and
// the last row as one of 2^side patterns (a cell each, one of which is 1). From the lamps alone
// every press of a solution is the parity of about half of them, which gradient descent does not
// find (Shalev-Shwartz, Shamir, Shammah 2017, "Failures of Gradient-Based Deep Learning").
#pragma once

#include <bitset>

#include "environment/puzzle/puzzle.hpp"

namespace qstar::environment {

// Exact solutions by elimination over GF(2) (Anderson and Feil 1998, "Turning Lights Out with
// Linear Algebra"). Presses commute and cancel in pairs, so a solution is a set of cells; it is
// unique up to the null space, whose 2^nullity sets change nothing (nullity 0 for side 3, 6, 7 and
// 8; 2 for 5, 4 for 4, 8 for 9). Positions outside the image cannot be solved.
class LightsOutSolver {
 public:
  static constexpr std::size_t kMaxCells = 81;
  using Lamps = std::bitset<kMaxCells>;

  // toggles[i]: the lamps that pressing cell i toggles; a symmetric relation.
  explicit LightsOutSolver(const std::vector<Lamps>& toggles);

  std::size_t nullity() const { return null_space_.size(); }
  bool solvable(const Lamps& lit) const;
  // The fewest presses that turn `lit` off; of several such sets, always the same. `lit` is
  // solvable. Takes 2^nullity steps.
  Lamps shortest(const Lamps& lit) const;

 private:
  struct Pivot {
    std::size_t cell;
    Lamps sum;  // the cell is pressed when an odd number of these lamps is lit
  };
  std::vector<Pivot> pivots_;
  std::vector<Lamps> checks_;      // an even number of these is lit in every solvable position
  std::vector<Lamps> null_space_;  // a basis
};

class LightsOut final : public Puzzle {
 public:
  static constexpr std::size_t kMinSide = 2, kMaxSide = 9, kMaxPresses = 3;
  explicit LightsOut(std::size_t side, std::size_t presses = 1, bool chase = false);

  std::string_view name() const override { return "lights_out"; }
  std::size_t state_bytes() const override { return (toggles_.size() + 7) / 8; }
  std::size_t moves() const override { return moves_.size(); }
  std::string move_name(Move move) const override;
  std::optional<Move> move_of(std::string_view name) const override;
  // The number of presses.
  float cost(Move move) const override { return static_cast<float>(moves_[move].count()); }
  std::optional<Move> inverse(Move move) const override { return move; }
  std::optional<Parts> parts(Move move) const override { return parts_[move]; }

  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override;
  void legal(std::span<const std::uint8_t> states, std::span<std::uint8_t> legal) const override;
  bool solved(std::span<const std::uint8_t> state) const override;

  std::size_t cells() const override;
  std::size_t symbols() const override { return 2; }
  void encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const override;

  // `steps` random presses, whatever the moves.
  std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const override;
  // kBadProblem also for a position that no presses solve.
  Result<std::vector<std::uint8_t>> parse(std::string_view text) const override;
  std::string text(std::span<const std::uint8_t> state) const override;
  std::string render(std::span<const std::uint8_t> state) const override;

  // The fewest presses that solve the position, in the cells' order, as moves of one press.
  std::vector<Move> shortest_solution(std::span<const std::uint8_t> state) const;

 private:
  std::string rows(std::span<const std::uint8_t> state, char row_end) const;
  LightsOutSolver::Lamps lamps_of(std::span<const std::uint8_t> state) const;

  void add_moves(std::size_t presses);
  void find_parts();
  void encode_chase(LightsOutSolver::Lamps lamps, std::span<std::uint8_t> cells) const;

  std::size_t side_;
  bool chase_;
  std::vector<LightsOutSolver::Lamps> toggles_;        // by pressed cell
  std::vector<LightsOutSolver::Lamps> moves_;          // the cells that are pressed
  std::vector<std::optional<Parts>> parts_;            // their first cell, and the others
  std::vector<std::vector<std::uint8_t>> byte_masks_;  // what a move toggles, packed
  LightsOutSolver solver_;
};

}  // namespace qstar::environment

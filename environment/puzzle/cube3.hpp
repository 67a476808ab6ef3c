// Rubik's cube, 3 x 3 x 3, with quarter turns, or with macro-actions: short sequences of turns as
// one move.
//
// A position is its 54 stickers by number, separated by spaces; the goal is 0 1 2 ... 53. Sticker
// i's colour is i div 9, its face the place's number div 9: U D L R B F (Up, Down, Left, Right,
// Back, Front). Seen from outside with its neighbour U (for U and D: F) as usual, a face's places
// run up the columns: 0 is at the bottom left, 2 at the top left, 8 at the top right. The centres
// never move. Packed: the 54 numbers as bytes. A network sees the 54 colours.
//
// The quarter turns are U' U D' D L' L R' R B' B F' F, clockwise without the prime. With `depth` 2
// or 3 the moves are all sequences of up to that many quarter turns, without those that have the
// same effect as a shorter or earlier one; a name is then the turns with spaces between them ("U
// R'"), and the cost is their number. This makes 12, 126 and 1194 moves. `repeats` keeps sequences
// of the same effect, except for a turn made three times: 12, 156 and 1872 moves, the numbers of
// Agostinelli et al. 2021 (arXiv 2102.04518).
#pragma once

#include <array>
#include <map>

#include "environment/puzzle/puzzle.hpp"

namespace qstar::environment {

class Cube3 final : public Puzzle {
 public:
  static constexpr std::size_t kStickers = 54;
  static constexpr std::size_t kMaxDepth = 3;
  // new[i] = old[permutation[i]]
  using Permutation = std::array<std::uint8_t, kStickers>;

  // A move is up to `depth` quarter turns, 1 to kMaxDepth.
  explicit Cube3(std::size_t depth = 1, bool repeats = false);

  std::string_view name() const override { return "cube3"; }
  std::size_t state_bytes() const override { return kStickers; }
  std::size_t moves() const override { return moves_.size(); }
  std::string move_name(Move move) const override { return moves_[move].name; }
  std::optional<Move> move_of(std::string_view name) const override;
  // The number of quarter turns.
  float cost(Move move) const override { return moves_[move].cost; }
  std::optional<Move> inverse(Move move) const override { return moves_[move].inverse; }
  std::optional<Parts> parts(Move move) const override { return moves_[move].parts; }

  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override;
  void legal(std::span<const std::uint8_t> states, std::span<std::uint8_t> legal) const override;
  bool solved(std::span<const std::uint8_t> state) const override;

  std::size_t cells() const override { return kStickers; }
  std::size_t symbols() const override { return 6; }
  void encode(std::span<const std::uint8_t> states, std::span<std::uint8_t> cells) const override;

  // `steps` random quarter turns from the goal, whatever the depth of the moves.
  std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const override;
  // kBadProblem also for cubes that only a screwdriver makes: stickers of different pieces on one
  // piece, a twisted corner, a flipped edge, two pieces swapped.
  Result<std::vector<std::uint8_t>> parse(std::string_view text) const override;
  std::string text(std::span<const std::uint8_t> state) const override;
  // The unfolded cube, a letter a colour: U above F, then L F R B side by side, D below F.
  std::string render(std::span<const std::uint8_t> state) const override;

  const Permutation& permutation(Move move) const { return moves_[move].permutation; }

 private:
  struct Turn {
    std::string name;
    Permutation permutation;
    float cost;
    Move inverse = 0;
    std::optional<Parts> parts = std::nullopt;
  };
  void add_sequences(std::size_t depth, bool repeats);
  void relate_moves();

  std::vector<Turn> moves_;  // the quarter turns first, then by cost
  std::map<std::string, Move, std::less<>> by_name_;
};

}  // namespace qstar::environment

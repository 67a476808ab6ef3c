// A puzzle: positions as packed bytes, moves by number, a batch at a time.
//
// Searches and learners that visit millions of positions work on this interface. Immutable after
// construction and thread-safe; all randomness comes in as an Rng.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/rng.hpp"

namespace qstar::environment {

using Move = std::uint16_t;
inline constexpr Move kNoMove = 0xffff;  // moves are numbered below this

class Puzzle {
 public:
  virtual ~Puzzle() = default;
  virtual std::string_view name() const = 0;

  // Bytes of a packed position, the same for all: two positions are the same exactly when their
  // bytes are.
  virtual std::size_t state_bytes() const = 0;
  // Moves are numbered from 0 and mean the same in every position; not all are legal everywhere.
  virtual std::size_t moves() const = 0;
  virtual std::string move_name(Move move) const = 0;
  virtual std::optional<Move> move_of(std::string_view name) const = 0;
  // What a move adds to a path's length, at least 0.
  virtual float cost(Move) const { return 1; }
  // The move that undoes `move`, where one always does.
  virtual std::optional<Move> inverse(Move move) const = 0;
  // A macro-action as two moves: its first move, and the move with the effect of the others. Each
  // is legal where it is taken whenever the macro-action is, and their costs add up to its cost.
  // None for a single move. Learning is cheapest when the rests have low numbers.
  struct Parts {
    Move first, rest;
  };
  virtual std::optional<Parts> parts(Move) const { return std::nullopt; }

  // Takes moves[i] in states[i]: next [n, state_bytes] of states [n, state_bytes], moves [n].
  // A move that is not legal leaves the position as it is. `next` may be `states`.
  virtual void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
                     std::span<std::uint8_t> next) const = 0;
  // legal [n, moves()]: 1 where the move can be made.
  virtual void legal(std::span<const std::uint8_t> states, std::span<std::uint8_t> legal) const = 0;
  virtual bool solved(std::span<const std::uint8_t> state) const = 0;

  // What a network sees: cells() small numbers below symbols(), [n, cells()].
  virtual std::size_t cells() const = 0;
  virtual std::size_t symbols() const = 0;
  virtual void encode(std::span<const std::uint8_t> states,
                      std::span<std::uint8_t> cells) const = 0;

  // A position made by about `steps` random moves back from a solved one (puzzles without a way
  // back: a random solvable one whose solution has at most `steps` moves).
  virtual std::vector<std::uint8_t> scrambled(std::size_t steps, Rng& rng) const = 0;

  // A position from its text and back. kBadProblem says what is wrong and where: length, symbols,
  // and, where it can be decided at once, that no moves solve it.
  virtual Result<std::vector<std::uint8_t>> parse(std::string_view text) const = 0;
  virtual std::string text(std::span<const std::uint8_t> state) const = 0;
  // For people, possibly several lines.
  virtual std::string render(std::span<const std::uint8_t> state) const = 0;
};

}  // namespace qstar::environment

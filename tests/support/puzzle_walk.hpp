// One position, one move at a time, for tests of puzzles.
#pragma once

#include <string>
#include <vector>

#include "environment/puzzle/puzzle.hpp"

namespace qstar::testing {
using namespace environment;

using Position = std::vector<std::uint8_t>;

inline Position after(const Puzzle& puzzle, const Position& position, Move move) {
  Position next(position.size());
  puzzle.apply(position, std::vector<Move>{move}, next);
  return next;
}

inline bool is_legal(const Puzzle& puzzle, const Position& position, Move move) {
  std::vector<std::uint8_t> legal(puzzle.moves());
  puzzle.legal(position, legal);
  return legal[move] != 0;
}

// The text after the named moves from the position of that text.
inline std::string walked(const Puzzle& puzzle, const std::string& text,
                          const std::vector<std::string>& moves) {
  Position position = *puzzle.parse(text);
  for (const auto& move : moves) position = after(puzzle, position, *puzzle.move_of(move));
  return puzzle.text(position);
}

// The one line that says why the text is refused; empty when it is not.
inline std::string refusal(const Puzzle& puzzle, const std::string& text) {
  const auto parsed = puzzle.parse(text);
  if (parsed) return {};
  return parsed.error().code == Errc::kBadProblem ? parsed.error().message : "wrong code";
}

}  // namespace qstar::testing

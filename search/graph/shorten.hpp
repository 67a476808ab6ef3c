// Leaves out of a solution what undoes itself.
//
// A search that does not prove optimality returns paths with a move and, later, its inverse,
// between which stand moves that commute with both: no state is visited twice, yet the two can go.
// Here every pair of moves is tried, and so is every move alone, until nothing can be left out:
// some thousand replays of a path of fifty moves, milliseconds, and no network. A pass takes the
// cube of the length, and two or three are usual: paths of more than kLongestToShorten moves stay
// as they are.
#pragma once

#include <span>
#include <vector>

#include "environment/puzzle/puzzle.hpp"

namespace qstar::search {

inline constexpr std::size_t kLongestToShorten = 100;

// The moves that are left, in order: a legal path from `start` to a solved position again. `moves`
// is one.
std::vector<environment::Move> shorten(const environment::Puzzle& puzzle,
                                       std::span<const std::uint8_t> start,
                                       std::vector<environment::Move> moves);

}  // namespace qstar::search

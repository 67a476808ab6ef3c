// Which arrangements of a cube's stickers turns can reach.
#pragma once

#include <cstdint>
#include <span>

#include "core/result.hpp"

namespace qstar::environment {

// `stickers` is a permutation of 0 .. 53 in Cube3's numbering. kBadProblem names the first of these
// that is so: a centre is not in its place; stickers that belong to different pieces, or in mirror
// order, are on one piece; a corner is twisted; an edge is flipped; two pieces are swapped. A cube
// with none of them can be solved: these are the only invariants of the turns (Singmaster 1981,
// "Notes on Rubik's Magic Cube").
Status check_cube3_pieces(std::span<const std::uint8_t> stickers);

}  // namespace qstar::environment

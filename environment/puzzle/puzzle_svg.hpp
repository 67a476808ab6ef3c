// Positions of puzzles as pictures: SVG text that a browser shows, the same bytes every time.
//
// Lights Out: squares; sliding tiles: numbers; the cube: its unfolded net, faces as Cube3::render
// has them; pancakes: bars. A puzzle without a row in puzzle_svg.cpp is drawn as its render() text.
#pragma once

#include <span>
#include <string>

#include "environment/puzzle/puzzle.hpp"

namespace qstar::environment {

// A position, 100 by 100 units.
std::string svg(const Puzzle& puzzle, std::span<const std::uint8_t> state);

// Positions side by side, a caption below each: states [n, state_bytes], captions [n].
std::string svg_strip(const Puzzle& puzzle, std::span<const std::uint8_t> states,
                      std::span<const std::string> captions);

}  // namespace qstar::environment

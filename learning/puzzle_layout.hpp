// The network of a puzzle and spec, in the terms of learning/mlp.hpp; for the sources here alone.
#pragma once

#include "learning/mlp.hpp"
#include "learning/puzzle_network.hpp"

namespace qstar {

mlp::Layout layout_of(const PuzzleShape& puzzle, const PuzzleNetworkSpec& spec);

}  // namespace qstar

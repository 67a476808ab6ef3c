// The network of a puzzle and spec, in the terms of inference/mlp.hpp; for the sources here alone.
#pragma once

#include "inference/mlp.hpp"
#include "inference/puzzle_network.hpp"

namespace qstar::inference {

mlp::Layout layout_of(const PuzzleShape& puzzle, const PuzzleNetworkSpec& spec);

// Makes Q of the advantages of a "qv": adds V, its last output, to all others.
void add_value(const mlp::Layout& layout, std::vector<float>& parameters);

}  // namespace qstar::inference

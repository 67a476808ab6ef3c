// A batch of a puzzle's examples on its way from a scrambler to the learner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "learning/scrambles.hpp"

namespace qstar {

struct ExampleBatch {
  std::uint64_t index = 0;           // of Scrambles::batch: with the run's seed, all that it is
  std::uint64_t target_version = 0;  // of the network that made the targets; 0: none was needed
  PuzzleExamples examples;           // without bounds once the targets are made
  std::vector<float> targets;        // [n, k], or empty: the learner makes them
  friend bool operator==(const ExampleBatch&, const ExampleBatch&) = default;
};

// Batches as bytes, floats raw. unpack gives kCorrupt on anything that is not a list of batches.
std::string pack(const std::vector<ExampleBatch>& batches);
Result<std::vector<ExampleBatch>> unpack_batches(std::string_view bytes);

// kCorrupt when the lengths do not fit each other or a move is none of the puzzle's: what a
// damaged or foreign sender could do. The positions themselves are not judged. `taught`: targets an
// example (taught_outputs).
Status check(const ExampleBatch& batch, const Puzzle& puzzle, std::size_t taught);

}  // namespace qstar

// A batch of a puzzle's training examples, sent from a scrambler to the learner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "learning/scrambles.hpp"

namespace qstar {

struct ExampleBatch {
  std::uint64_t index = 0;  // of Scrambles::batch; it and the run's seed determine the batch
  std::uint64_t target_version = 0;  // of the network that made the targets; 0: no network did
  PuzzleExamples examples;           // without bounds once the targets are made
  std::vector<float> targets;        // [n, k]; empty: the learner makes them
  friend bool operator==(const ExampleBatch&, const ExampleBatch&) = default;
};

// Batches as bytes, floats raw. unpack_batches gives kCorrupt for bytes that are not a list of
// batches.
std::string pack(const std::vector<ExampleBatch>& batches);
Result<std::vector<ExampleBatch>> unpack_batches(std::string_view bytes);

// kCorrupt when lengths are inconsistent or a move does not exist in the puzzle, as a faulty sender
// could cause. The positions themselves are not checked. `taught`: targets per example
// (taught_outputs).
Status check(const ExampleBatch& batch, const Puzzle& puzzle, std::size_t taught);

}  // namespace qstar

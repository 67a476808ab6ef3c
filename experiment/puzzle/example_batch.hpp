// A batch of a puzzle's training examples, made by a task for the learner.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.hpp"
#include "learning/cost_to_go/scrambles.hpp"

namespace qstar::experiment {

struct ExampleBatch {
  std::uint64_t index = 0;  // of Scrambles::batch; it and the run's seed determine the batch
  learning::PuzzleExamples examples;  // without bounds once the targets are made
  std::vector<float> targets = {};    // [n, k]; empty: the learner makes them
  friend bool operator==(const ExampleBatch&, const ExampleBatch&) = default;
};

// kCorrupt when lengths are inconsistent or a move does not exist in the puzzle, as a faulty node
// could cause. The positions themselves are not checked. `taught`: targets per example
// (taught_outputs).
Status check(const ExampleBatch& batch, const environment::Puzzle& puzzle, std::size_t taught);

}  // namespace qstar::experiment

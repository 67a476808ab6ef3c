// Makes the training examples of a puzzle, and their targets, for one executor.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiment/puzzle/example_batch.hpp"
#include "experiment/task.hpp"
#include "learning/cost_to_go/puzzle_targets.hpp"

namespace qstar::experiment {

// Not thread-safe. Cheapest with tasks whose batches follow each other (see Scrambles).
class Scrambler {
 public:
  // For tasks with this one's puzzle, learner and seed. kConfig: the task describes no puzzle or no
  // learner.
  static Result<Scrambler> make(const ScrambleTask& task);
  bool serves(const ScrambleTask& task) const;

  // Whether take_network() has to be called with the task's network first.
  bool wants_network(const ScrambleTask& task) const;
  // The target network `hash`, as a safetensors file. kCorrupt: it is none of this puzzle.
  Status take_network(const ModelHash& hash, std::string_view bytes);

  std::vector<ExampleBatch> batches(const ScrambleTask& task);

 private:
  Scrambler(std::string environment, std::string learner, std::uint64_t seed,
            learning::PuzzleLearnerConfig config,
            std::shared_ptr<const environment::Puzzle> puzzle);
  ExampleBatch batch(std::uint64_t index, bool with_targets);
  bool needs_network(std::uint64_t index) const;

  std::string environment_, learner_;
  std::uint64_t seed_;
  learning::PuzzleLearnerConfig config_;
  std::shared_ptr<const environment::Puzzle> puzzle_;
  learning::Scrambles scrambles_;
  ModelHash network_;  // of targets_
  std::optional<learning::PuzzleTargets> targets_;
};

}  // namespace qstar::experiment

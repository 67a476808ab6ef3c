#include "learning/puzzle_targets.hpp"

#include <algorithm>

#include "learning/lookahead.hpp"

namespace qstar {

std::vector<float> ways_back(const PuzzleLearnerConfig& config, const PuzzleExamples& examples) {
  return config.network.values == "q" ? examples.move_bounds : examples.state_bounds;
}

PuzzleTargets::PuzzleTargets(std::shared_ptr<const Puzzle> puzzle,
                             const PuzzleLearnerConfig& config, PuzzleNetwork network)
    : puzzle_(std::move(puzzle)), config_(config), network_(std::move(network)) {}

std::vector<float> PuzzleTargets::of(const PuzzleExamples& examples, CostToGo* chooser) {
  const std::size_t n = examples.size();
  const bool is_q = config_.network.values == "q";
  BestMoves best(*puzzle_, network_, {chooser, static_cast<float>(config_.dead_end)});
  std::vector<float> targets(n);
  if (is_q) {
    std::vector<std::uint8_t> next(examples.states.size());
    puzzle_->apply(examples.states, examples.moves, next);
    look_ahead(*puzzle_, best, next, config_.horizon, targets);
    for (std::size_t i = 0; i < n; ++i) targets[i] += puzzle_->cost(examples.moves[i]);
  } else {
    look_ahead(*puzzle_, best, examples.states, config_.horizon, targets);
  }
  const std::vector<float> bounds = ways_back(config_, examples);
  for (std::size_t i = 0; i < n; ++i) {
    if (config_.hindsight) targets[i] = std::min(targets[i], bounds[i]);
    targets[i] = std::max(targets[i], 0.0F);
  }
  return targets;
}

}  // namespace qstar

#include "learning/puzzle_targets.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include "learning/lookahead.hpp"

namespace qstar {
namespace {

constexpr float kUntaught = std::numeric_limits<float>::quiet_NaN();

bool is(const PuzzleLearnerConfig& config, std::string_view values) {
  return config.network.values == values;
}

// No target is above a way that is known, or below 0.
void bound(const PuzzleLearnerConfig& config, std::span<const float> known,
           std::span<float> targets) {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (config.hindsight) targets[i] = std::min(targets[i], known[i]);
    targets[i] = std::max(targets[i], 0.0F);
  }
}

}  // namespace

std::size_t taught_outputs(const PuzzleLearnerConfig& config) {
  return is(config, "qv") ? static_cast<std::size_t>(config.taught_moves) + 1 : 1;
}

std::vector<std::uint16_t> taught_by(const PuzzleLearnerConfig& config, std::size_t moves,
                                     const PuzzleExamples& examples) {
  if (is(config, "q")) return examples.moves;
  if (is(config, "v")) return std::vector<std::uint16_t>(examples.size(), 0);
  const std::size_t taught = taught_outputs(config) - 1;
  std::vector<std::uint16_t> which;
  which.reserve(examples.size() * (taught + 1));
  for (const Move move : examples.moves) {
    for (std::size_t j = 0; j < taught; ++j)
      which.push_back(static_cast<std::uint16_t>((move + j * moves / taught) % moves));
    which.push_back(static_cast<std::uint16_t>(moves));
  }
  return which;
}

const std::vector<float>& ways_back(const PuzzleLearnerConfig& config,
                                    const PuzzleExamples& examples) {
  return is(config, "q") ? examples.move_bounds : examples.state_bounds;
}

bool needs_network(const PuzzleLearnerConfig& config, bool warming_up) {
  return !warming_up || is(config, "qv");
}

PuzzleTargets::PuzzleTargets(std::shared_ptr<const Puzzle> puzzle,
                             const PuzzleLearnerConfig& config, PuzzleNetwork network)
    : puzzle_(std::move(puzzle)),
      config_(config),
      network_(std::move(network)),
      reversible_(knows_ways_back(*puzzle_)) {}

std::vector<float> PuzzleTargets::of(const PuzzleExamples& examples, const When& when) {
  std::vector<float> targets =
      when.warming_up ? ways_back(config_, examples) : bootstrapped(examples, when.chooser);
  if (!is(config_, "qv")) return targets;
  const std::vector<float> a = advantages(examples);
  const std::size_t taught = taught_outputs(config_) - 1;
  std::vector<float> both;
  both.reserve(a.size() + targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto first = a.begin() + static_cast<std::ptrdiff_t>(i * taught);
    both.insert(both.end(), first, first + static_cast<std::ptrdiff_t>(taught));
    both.push_back(targets[i]);
  }
  return both;
}

std::vector<float> PuzzleTargets::bootstrapped(const PuzzleExamples& examples, CostToGo* chooser) {
  BestMoves best(*puzzle_, network_, {chooser, static_cast<float>(config_.dead_end)});
  std::vector<float> targets(examples.size());
  if (is(config_, "q")) {
    std::vector<std::uint8_t> next(examples.states.size());
    puzzle_->apply(examples.states, examples.moves, next);
    look_ahead(*puzzle_, best, next, config_.horizon, targets);
    for (std::size_t i = 0; i < targets.size(); ++i) targets[i] += puzzle_->cost(examples.moves[i]);
  } else if (is(config_, "qv")) {
    targets = by_best_move(examples.states, best);
  } else {
    look_ahead(*puzzle_, best, examples.states, config_.horizon, targets);
  }
  bound(config_, ways_back(config_, examples), targets);
  return targets;
}

// Of each position, the cost of the move that Q calls the best and V_target of where it leads. Not
// that Q itself: its advantage was taught against the V that this is to renew, which cancels.
std::vector<float> PuzzleTargets::by_best_move(std::span<const std::uint8_t> states,
                                               BestMoves& best) {
  const std::size_t bytes = puzzle_->state_bytes(), n = states.size() / bytes;
  std::vector<float> costs(n);
  std::vector<Move> moves(n);
  best.find(states, costs, moves);
  std::vector<Move> taken = moves;
  std::replace(taken.begin(), taken.end(), kNoMove, Move{0});  // dead ends, left as they are
  std::vector<std::uint8_t> children(states.size());
  puzzle_->apply(states, taken, children);
  const std::vector<float> behind = values(children);
  for (std::size_t i = 0; i < n; ++i) {
    if (moves[i] != kNoMove) costs[i] = puzzle_->cost(moves[i]) + behind[i];
    if (puzzle_->solved(states.subspan(i * bytes, bytes))) costs[i] = 0;
  }
  return costs;
}

// V_target [n]: 0 where it is solved, dead_end where nothing is legal.
std::vector<float> PuzzleTargets::values(std::span<const std::uint8_t> states) {
  const std::size_t bytes = puzzle_->state_bytes(), moves = puzzle_->moves();
  std::vector<float> values(states.size() / bytes);
  network_.values(states, values);
  std::vector<std::uint8_t> legal;
  if (!reversible_) {
    legal.resize(values.size() * moves);
    puzzle_->legal(states, legal);
  }
  const auto is_dead = [&](std::size_t i) {
    if (reversible_) return false;
    const auto row = std::span(legal).subspan(i * moves, moves);
    return std::all_of(row.begin(), row.end(), std::logical_not<>());
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = is_dead(i) ? static_cast<float>(config_.dead_end) : std::max(values[i], 0.0F);
    if (puzzle_->solved(states.subspan(i * bytes, bytes))) values[i] = 0;
  }
  return values;
}

// [n, taught moves]: what each move costs beyond the position's own value.
std::vector<float> PuzzleTargets::advantages(const PuzzleExamples& examples) {
  const std::size_t taught = taught_outputs(config_) - 1, moves = puzzle_->moves();
  const std::size_t bytes = puzzle_->state_bytes(), n = examples.size() * taught;
  const std::vector<std::uint16_t> which = taught_by(config_, moves, examples);
  std::vector<std::uint8_t> legal(examples.size() * moves), children(n * bytes);
  puzzle_->legal(examples.states, legal);
  std::vector<Move> taken(n);
  for (std::size_t i = 0; i < n; ++i) {
    taken[i] = which[i / taught * (taught + 1) + i % taught];
    const auto parent = std::span(examples.states).subspan(i / taught * bytes, bytes);
    std::copy(parent.begin(), parent.end(), &children[i * bytes]);
  }
  puzzle_->apply(children, taken, children);
  const std::vector<float> here = values(examples.states);
  std::vector<float> advantages = values(children);
  for (std::size_t i = 0; i < n; ++i) {
    advantages[i] += puzzle_->cost(taken[i]) - here[i / taught];
    if (legal[i / taught * moves + taken[i]] == 0) advantages[i] = kUntaught;
  }
  return advantages;
}

}  // namespace qstar

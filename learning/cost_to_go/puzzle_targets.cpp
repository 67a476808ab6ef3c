#include "learning/cost_to_go/puzzle_targets.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "learning/cost_to_go/lookahead.hpp"

namespace qstar::learning {
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

TaughtOutputs::TaughtOutputs(const environment::Puzzle& puzzle, const PuzzleLearnerConfig& config)
    : values_(config.network.values), taught_(taught_outputs(config) - 1) {
  std::map<environment::Move, std::size_t> numbers;  // of groups, by the first move
  for (std::size_t m = 0; m < puzzle.moves(); ++m) {
    const auto parts = puzzle.parts(static_cast<environment::Move>(m));
    if (parts) rests_ = std::max<std::size_t>(rests_, parts->rest + 1U);
  }
  for (std::size_t m = 0; m < puzzle.moves(); ++m) {
    const auto move = static_cast<environment::Move>(m);
    const auto parts = puzzle.parts(move);
    const environment::Move first = rests_ == 0 ? environment::Move{0}
                                    : parts     ? parts->first
                                                : move;
    const std::size_t group = numbers.emplace(first, numbers.size()).first->second;
    groups_.resize(numbers.size());
    places_.push_back({group, groups_[group].size()});
    groups_[group].push_back(move);
  }
}

// Of moves with parts, of which only those of one beginning are taught, the example's own would be
// the wrong choice: it leads to where the walk was, mostly towards the goal, and no example would
// show what the other beginnings cost. So beginnings are drawn, by a Weyl sequence over the rows of
// a batch, which has to have many more rows than there are beginnings.
std::size_t TaughtOutputs::base(const PuzzleExamples& examples, std::size_t i) const {
  if (rests_ == 0) return examples.moves[i];
  const std::uint64_t drawn = static_cast<std::uint32_t>(i * 2654435769U);  // 2^32 / golden ratio
  return (examples.moves[i] + (drawn * places_.size() >> 32)) % places_.size();
}

std::vector<std::uint16_t> TaughtOutputs::of(const PuzzleExamples& examples) const {
  if (values_ == "q") return examples.moves;
  if (values_ == "v") return std::vector<std::uint16_t>(examples.size(), 0);
  std::vector<std::uint16_t> which;
  which.reserve(examples.size() * (taught_ + 1));
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto [number, at] = places_[base(examples, i)];
    const auto& group = groups_[number];
    for (std::size_t j = 0; j < taught_; ++j)
      which.push_back(group[(at + j * group.size() / taught_) % group.size()]);
    which.push_back(static_cast<std::uint16_t>(places_.size()));
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

PuzzleTargets::PuzzleTargets(std::shared_ptr<const environment::Puzzle> puzzle,
                             const PuzzleLearnerConfig& config, inference::PuzzleNetwork network)
    : puzzle_(std::move(puzzle)),
      config_(config),
      network_(std::move(network)),
      taught_(*puzzle_, config_),
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

std::vector<float> PuzzleTargets::bootstrapped(const PuzzleExamples& examples,
                                               model::CostToGo* chooser) {
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
// that Q itself: its advantage was taught against the V that this is to replace, which cancels.
std::vector<float> PuzzleTargets::by_best_move(std::span<const std::uint8_t> states,
                                               BestMoves& best) {
  const std::size_t bytes = puzzle_->state_bytes(), n = states.size() / bytes;
  std::vector<float> costs(n);
  std::vector<environment::Move> moves(n);
  best.find(states, costs, moves);
  std::vector<environment::Move> taken = moves;
  std::replace(taken.begin(), taken.end(), environment::kNoMove,
               environment::Move{0});  // dead ends, left as they are
  std::vector<std::uint8_t> children(states.size());
  puzzle_->apply(states, taken, children);
  const std::vector<float> behind = values(children);
  for (std::size_t i = 0; i < n; ++i) {
    if (moves[i] != environment::kNoMove) costs[i] = puzzle_->cost(moves[i]) + behind[i];
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
  std::vector<std::uint16_t> which = taught_.of(examples);
  for (std::size_t i = 0; i < examples.size(); ++i)  // without V, the last of each example's
    std::copy_n(&which[i * (taught + 1)], taught, &which[i * taught]);
  which.resize(examples.size() * taught);
  std::vector<environment::Move> firsts(which);
  for (environment::Move& move : firsts)
    if (const auto parts = puzzle_->parts(move)) move = parts->first;
  std::vector<float> advantages = taught_.rests() > 0
                                      ? behind_the_first(examples.states, which, firsts)
                                      : behind_each(examples.states, which);
  const std::vector<float> here = values(examples.states);
  std::vector<std::uint8_t> legal(examples.size() * moves);
  puzzle_->legal(examples.states, legal);
  for (std::size_t i = 0; i < which.size(); ++i) {
    advantages[i] += puzzle_->cost(firsts[i]) - here[i / taught];
    if (legal[i / taught * moves + which[i]] == 0) advantages[i] = kUntaught;
  }
  return advantages;
}

// V_target of where each move leads [n, k].
std::vector<float> PuzzleTargets::behind_each(std::span<const std::uint8_t> states,
                                              std::span<const environment::Move> which) {
  const std::size_t bytes = puzzle_->state_bytes(), taught = taught_outputs(config_) - 1;
  std::vector<std::uint8_t> children(which.size() * bytes);
  for (std::size_t i = 0; i < which.size(); ++i)
    std::copy_n(states.begin() + static_cast<std::ptrdiff_t>(i / taught * bytes), bytes,
                &children[i * bytes]);
  puzzle_->apply(children, which, children);
  return values(children);
}

// Of each move, the cost of the rest and V_target behind it [n, k], by one look at the position
// behind the move that all of an example's begin with; of that move alone, V_target there.
std::vector<float> PuzzleTargets::behind_the_first(std::span<const std::uint8_t> states,
                                                   std::span<const environment::Move> which,
                                                   std::span<const environment::Move> firsts) {
  const std::size_t bytes = puzzle_->state_bytes(), taught = taught_outputs(config_) - 1;
  const std::size_t n = states.size() / bytes, rests = taught_.rests();
  std::vector<environment::Move> first(n);
  for (std::size_t i = 0; i < n; ++i) first[i] = firsts[i * taught];
  std::vector<std::uint8_t> children(states.size());
  puzzle_->apply(states, first, children);
  std::vector<float> q(n * rests), v(n), behind(which.size());
  network_.costs_and_values(children, q, v);
  for (std::size_t i = 0; i < n; ++i)
    v[i] =
        puzzle_->solved(std::span(children).subspan(i * bytes, bytes)) ? 0 : std::max(v[i], 0.0F);
  for (std::size_t i = 0; i < which.size(); ++i) {
    const std::size_t row = i / taught;
    const auto parts = puzzle_->parts(which[i]);
    behind[i] = parts ? std::max(q[row * rests + parts->rest], puzzle_->cost(parts->rest)) : v[row];
  }
  return behind;
}

}  // namespace qstar::learning

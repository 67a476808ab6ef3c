#include "learning/cost_to_go/scrambles.hpp"

#include <algorithm>
#include <limits>

namespace qstar::learning {
namespace {

constexpr std::uint64_t kNoEpoch = ~std::uint64_t{0};

std::span<const std::uint8_t> row(const std::vector<std::uint8_t>& matrix, std::size_t i,
                                  std::size_t width) {
  return std::span(matrix).subspan(i * width, width);
}

void append(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& to) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace

bool knows_ways_back(const environment::Puzzle& puzzle) {
  for (std::size_t m = 0; m < puzzle.moves(); ++m)
    if (!puzzle.inverse(static_cast<environment::Move>(m))) return false;
  return true;
}

void ScrambleConfig::describe(FieldVisitor& v) {
  v.value({"depth", "Largest number of moves that a scramble goes back from the goal (K)", 1, 1e5},
          depth);
  v.value({"batch", "Positions per batch", 1, 1e6}, batch);
}

environment::Move random_move(std::span<const std::uint8_t> legal, environment::Move except,
                              Rng& rng) {
  for (int tries = 0; tries < 8; ++tries) {  // mostly enough; never biased
    const auto move = static_cast<environment::Move>(rng.below(legal.size()));
    if (legal[move] != 0 && move != except) return move;
  }
  std::vector<environment::Move> moves;
  for (std::size_t m = 0; m < legal.size(); ++m)
    if (legal[m] != 0 && m != except) moves.push_back(static_cast<environment::Move>(m));
  if (!moves.empty()) return moves[rng.below(moves.size())];
  return except != environment::kNoMove && legal[except] != 0 ? except : environment::kNoMove;
}

Scrambles::Scrambles(std::shared_ptr<const environment::Puzzle> puzzle,
                     const ScrambleConfig& config, std::uint64_t seed)
    : puzzle_(std::move(puzzle)),
      config_(config),
      seed_(seed),
      reversible_(knows_ways_back(*puzzle_)),
      epoch_(kNoEpoch) {}

PuzzleExamples Scrambles::batch(std::uint64_t index) {
  return reversible_ ? walked(index) : scrambled(index);
}

Scrambles::Layer Scrambles::advance(const Layer& from, Rng& rng) const {
  const std::size_t n = from.arrived_by.size();
  const std::size_t moves = puzzle_->moves();
  std::vector<std::uint8_t> legal(n * moves);
  puzzle_->legal(from.states, legal);
  Layer to{from.states, from.arrived_by, from.way_back};
  for (std::size_t i = 0; i < n; ++i) {
    const environment::Move last = from.arrived_by[i];
    const environment::Move undo =
        last == environment::kNoMove ? environment::kNoMove : *puzzle_->inverse(last);
    to.arrived_by[i] = random_move(row(legal, i, moves), undo, rng);
    QSTAR_ASSERT(to.arrived_by[i] != environment::kNoMove, "a reversible puzzle always has a move");
    to.way_back[i] += puzzle_->cost(*puzzle_->inverse(to.arrived_by[i]));
  }
  puzzle_->apply(from.states, to.arrived_by, to.states);
  return to;
}

void Scrambles::make_walks(std::uint64_t epoch) {
  Rng rng(derive_seed(seed_, "walks", epoch));
  const auto n = static_cast<std::size_t>(config_.batch);
  Layer start{
      {}, std::vector<environment::Move>(n, environment::kNoMove), std::vector<float>(n, 0.0F)};
  for (std::size_t i = 0; i < n; ++i) append(puzzle_->scrambled(0, rng), start.states);
  layers_.clear();
  layers_.push_back(std::move(start));
  for (std::int64_t d = 0; d < config_.depth; ++d) layers_.push_back(advance(layers_.back(), rng));
  epoch_ = epoch;
}

PuzzleExamples Scrambles::walked(std::uint64_t index) {
  const auto depths = static_cast<std::uint64_t>(config_.depth) + 1;
  if (epoch_ != index / depths) make_walks(index / depths);
  Rng rng(derive_seed(seed_, "moves", index));
  const auto n = static_cast<std::size_t>(config_.batch);
  const std::size_t bytes = puzzle_->state_bytes();
  Layer arrived;  // where the examples' moves lead: a position of each walk
  for (std::size_t i = 0; i < n; ++i) {
    const Layer& layer = layers_[(i + index) % depths];
    append(row(layer.states, i, bytes), arrived.states);
    arrived.arrived_by.push_back(layer.arrived_by[i]);
    arrived.way_back.push_back(layer.way_back[i]);
  }
  return step_back(arrived, rng);
}

PuzzleExamples Scrambles::step_back(const Layer& arrived, Rng& rng) const {
  const std::size_t n = arrived.way_back.size();
  const std::size_t moves = puzzle_->moves();
  std::vector<std::uint8_t> legal(n * moves);
  puzzle_->legal(arrived.states, legal);
  std::vector<environment::Move> back(n);
  PuzzleExamples examples;
  examples.states.resize(arrived.states.size());
  for (std::size_t i = 0; i < n; ++i) {
    back[i] = random_move(row(legal, i, moves), environment::kNoMove, rng);
    const environment::Move move = *puzzle_->inverse(back[i]);
    const environment::Move last = arrived.arrived_by[i];
    const bool along_walk = last != environment::kNoMove && back[i] == *puzzle_->inverse(last);
    examples.moves.push_back(move);
    examples.move_bounds.push_back(arrived.way_back[i] + puzzle_->cost(move));
    examples.state_bounds.push_back(along_walk ? arrived.way_back[i] - puzzle_->cost(back[i])
                                               : examples.move_bounds[i]);
  }
  puzzle_->apply(arrived.states, back, examples.states);
  return examples;
}

PuzzleExamples Scrambles::scrambled(std::uint64_t index) const {
  Rng rng(derive_seed(seed_, "scrambles", index));
  constexpr float kUnknown = std::numeric_limits<float>::infinity();
  PuzzleExamples examples;
  std::vector<std::uint8_t> legal(puzzle_->moves());
  for (std::int64_t i = 0; i < config_.batch; ++i) {
    const auto steps = static_cast<std::size_t>(rng.between(0, config_.depth));
    const std::vector<std::uint8_t> state = puzzle_->scrambled(steps, rng);
    puzzle_->legal(state, legal);
    const environment::Move move = random_move(legal, environment::kNoMove, rng);
    if (move == environment::kNoMove) continue;
    append(state, examples.states);
    examples.moves.push_back(move);
    examples.state_bounds.push_back(kUnknown);
    examples.move_bounds.push_back(kUnknown);
  }
  return examples;
}

}  // namespace qstar::learning

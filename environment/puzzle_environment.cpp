#include "environment/puzzle_environment.hpp"

#include <utility>

namespace qstar {
namespace {

std::vector<std::uint8_t> position_of(const State& state) {
  return {state.line.begin(), state.line.end()};
}

std::string packed(const std::vector<std::uint8_t>& position) {
  return {position.begin(), position.end()};
}

}  // namespace

PuzzleEnvironment::PuzzleEnvironment(std::shared_ptr<const Puzzle> puzzle, std::size_t scramble,
                                     PuzzleOracle oracle)
    : puzzle_(std::move(puzzle)), scramble_(scramble), oracle_(std::move(oracle)) {}

std::string PuzzleEnvironment::sample_problem(Rng& rng, Split split) const {
  for (;;) {
    // Of two numbers of moves, so that puzzles whose moves change a parity reach all positions.
    const auto position = puzzle_->scrambled(scramble_ + rng.below(2), rng);
    std::string problem = puzzle_->text(position);
    if (puzzle_->solved(position)) continue;
    if (is_held_out(problem) == (split == Split::kHeldOut)) return problem;
  }
}

Result<State> PuzzleEnvironment::reset(std::string_view problem) const {
  const auto position = puzzle_->parse(problem);
  if (!position) return tl::unexpected(position.error());
  if (puzzle_->solved(*position)) {
    return fail(Errc::kBadProblem, "the position is already solved: there is nothing to do");
  }
  return State{std::string(problem), packed(*position), true};
}

bool PuzzleEnvironment::is_legal(std::span<const std::uint8_t> position, Move move) const {
  std::vector<std::uint8_t> legal(puzzle_->moves());
  puzzle_->legal(position, legal);
  return legal[move] != 0;
}

StepResult PuzzleEnvironment::step(const State& state, std::string_view step) const {
  const auto move = puzzle_->move_of(step);
  auto position = position_of(state);
  if (!move || position.size() != puzzle_->state_bytes() || !is_legal(position, *move)) {
    return {state, Verdict::kMalformed, false, false};
  }
  puzzle_->apply(position, {&*move, 1}, position);
  const bool solved = puzzle_->solved(position);
  return {{state.problem, packed(position), state.clean}, Verdict::kRight, solved, solved};
}

std::string PuzzleEnvironment::answer(const State& state) const {
  return puzzle_->solved(position_of(state)) ? "solved" : "";
}

std::vector<std::string> PuzzleEnvironment::legal_steps(const State& state) const {
  std::vector<std::uint8_t> legal(puzzle_->moves());
  puzzle_->legal(position_of(state), legal);
  std::vector<std::string> names;
  for (std::size_t move = 0; move < legal.size(); ++move) {
    if (legal[move] != 0) names.push_back(puzzle_->move_name(static_cast<Move>(move)));
  }
  return names;
}

std::optional<std::string> PuzzleEnvironment::inverse(const State&, std::string_view step) const {
  const auto move = puzzle_->move_of(step);
  const auto back = move ? puzzle_->inverse(*move) : std::nullopt;
  return back ? std::optional(puzzle_->move_name(*back)) : std::nullopt;
}

Result<std::vector<std::string>> PuzzleEnvironment::solve(const State& state) const {
  if (!oracle_) {
    return fail(Errc::kBadProblem,
                std::string(name()) + " has no exact solver; search with a heuristic or a model");
  }
  std::vector<std::string> steps;
  for (const Move move : oracle_(position_of(state))) steps.push_back(puzzle_->move_name(move));
  return steps;
}

std::vector<std::uint8_t> PuzzleEnvironment::encode(const State& state) const {
  std::vector<std::uint8_t> cells(puzzle_->cells());
  puzzle_->encode(position_of(state), cells);
  return cells;
}

std::string PuzzleEnvironment::render(const State& state) const {
  return puzzle_->render(position_of(state));
}

}  // namespace qstar

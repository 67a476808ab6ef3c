// Any puzzle as an environment: its positions are the problems, and its moves are the steps.
//
// State::line is the packed position. Every legal move is right and any other text malformed: only
// the result counts.
#pragma once

#include <functional>
#include <memory>

#include "environment/environment.hpp"
#include "environment/puzzle.hpp"

namespace qstar {

// Moves that solve a position that the puzzle's parse accepted.
using PuzzleOracle = std::function<std::vector<Move>(std::span<const std::uint8_t>)>;

class PuzzleEnvironment final : public Environment {
 public:
  // Problems are made by `scramble` random moves from the goal; there must be some in both splits,
  // otherwise sampling does not end. Without an oracle, solve() refuses.
  PuzzleEnvironment(std::shared_ptr<const Puzzle> puzzle, std::size_t scramble,
                    PuzzleOracle oracle = nullptr);

  std::string_view name() const override { return puzzle_->name(); }
  std::string_view alphabet() const override { return {}; }
  std::string sample_problem(Rng& rng, Split split) const override;  // not solved yet
  // kBadProblem as from Puzzle::parse, and for a solved position.
  Result<State> reset(std::string_view problem) const override;
  StepResult step(const State& state, std::string_view step) const override;
  std::string answer(const State& state) const override;  // "solved" once done
  std::vector<std::string> legal_steps(const State& state) const override;
  std::optional<std::string> inverse(const State& state, std::string_view step) const override;
  Result<std::vector<std::string>> solve(const State& state) const override;
  std::vector<std::uint8_t> encode(const State& state) const override;
  std::string render(const State& state) const override;

 private:
  bool is_legal(std::span<const std::uint8_t> position, Move move) const;

  std::shared_ptr<const Puzzle> puzzle_;
  std::size_t scramble_;
  PuzzleOracle oracle_;
};

}  // namespace qstar

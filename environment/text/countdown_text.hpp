// Countdown as text: "25 50 3 6:952"; a step is one operation and its value, "25*3:75".
//
// (The colon stands where people write '=', which separates steps.) State::line is what is left:
// "75 50 6:952" after that step. The verdict of a step is the first of these that applies:
//   malformed      not NUMBER OPERATOR NUMBER ':' NUMBER, numbers without leading zeros or spaces
//   not_a_rewrite  one of the numbers is not there (any more), or the problem is solved already
//   wrong_value    another number stands behind the colon than the operation gives; by the rules
//                  (countdown_rules.hpp) 3-25 and 25/3 give none, so they are always wrong
//   right          anything else; sums and products may be written in either order
// No order is due, so wrong_order is never given. A wrong step leaves the numbers as they are: a
// target is only reached by right steps, and after a wrong one this is luck.
#pragma once

#include "environment/environment.hpp"
#include "environment/puzzle/countdown_rules.hpp"

namespace qstar::environment {

class CountdownText final : public Environment {
 public:
  // Problems of this many numbers, 3 to countdown::kMaxNumbers: fewer do not reach the targets.
  explicit CountdownText(std::size_t numbers);

  std::string_view name() const override { return "countdown"; }
  std::string_view alphabet() const override { return "0123456789+-*/: "; }
  // Numbers as drawn on television and a target from 100 to 999, uniform among those that can be
  // solved (the oracle decides) and are not solved yet. Milliseconds at 6 numbers.
  std::string sample_problem(Rng& rng, Split split) const override;
  // Any position of at most as many numbers, solvable or not, with something left to do.
  Result<State> reset(std::string_view problem) const override;
  StepResult step(const State& state, std::string_view step) const override;
  // Once done: the target if it was reached, otherwise the last number.
  std::string answer(const State& state) const override;
  // Every step that is right and whose larger number comes first, each once.
  std::vector<std::string> legal_steps(const State& state) const override;
  // A shortest solution; kBadProblem when an exhaustive search finds none.
  Result<std::vector<std::string>> solve(const State& state) const override;

 private:
  std::size_t numbers_;
};

}  // namespace qstar::environment

#include "environment/text/countdown_text.hpp"

#include <algorithm>

#include "environment/puzzle/countdown_solver.hpp"

namespace qstar::environment {
namespace {

using countdown::Combination;
using countdown::Position;

constexpr std::uint64_t kTooLarge = std::uint64_t{countdown::kMaxValue} + 1;

// A step as written; numbers above kMaxValue, which are well-formed and never there, as kTooLarge.
struct WrittenStep {
  std::uint64_t a = 0, b = 0, value = 0;
  char op = 0;
};

// The number that `rest` begins with, which is cut off.
std::optional<std::uint64_t> take_number(std::string_view& rest) {
  const std::size_t digits =
      std::min(rest.find_first_not_of("0123456789"), rest.size());  // none to come: all of it
  if (digits == 0 || (digits > 1 && rest[0] == '0')) return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : rest.substr(0, digits)) {
    number = std::min(kTooLarge, number * 10 + static_cast<std::uint64_t>(digit - '0'));
  }
  rest.remove_prefix(digits);
  return number;
}

char take_character(std::string_view& rest) {
  if (rest.empty()) return 0;
  const char character = rest[0];
  rest.remove_prefix(1);
  return character;
}

std::optional<WrittenStep> read_step(std::string_view text) {
  const auto a = take_number(text);
  const char op = take_character(text);
  const auto b = take_number(text);
  const char colon = take_character(text);
  const auto value = take_number(text);
  const bool known = countdown::kOperators.find(op) != std::string_view::npos;
  if (!a || !b || !value || !known || colon != ':' || !text.empty()) return std::nullopt;
  return WrittenStep{*a, *b, *value, op};
}

std::string step_text(const Position& position, const Combination& c) {
  return std::to_string(position.numbers[c.first]) + c.op +
         std::to_string(position.numbers[c.second]) + ':' + std::to_string(*position.value_of(c));
}

// The places of the two numbers, the earlier one first; none when they are not both there.
std::optional<Combination> places_of(const WrittenStep& step, const Position& position) {
  const auto left = position.left();
  const auto place_of = [&](std::uint64_t number, std::size_t except) {
    std::size_t place = 0;
    while (place < left.size() && (place == except || left[place] != number)) ++place;
    return place;
  };
  const std::size_t a = place_of(step.a, left.size());
  const std::size_t b = place_of(step.b, a);
  if (a == left.size() || b == left.size()) return std::nullopt;
  return Combination{std::min(a, b), std::max(a, b), step.op};
}

// Takes the step if it is right.
Verdict take(const WrittenStep& step, Position& position) {
  const auto places = places_of(step, position);
  if (!places || position.solved()) return Verdict::kNotARewrite;
  // Both numbers are there, so they fit.
  const auto value = countdown::combined(static_cast<std::uint32_t>(step.a), step.op,
                                         static_cast<std::uint32_t>(step.b));
  if (value != step.value) return Verdict::kWrongValue;
  position.replace(*places, *value);
  return Verdict::kRight;
}

bool is_done(const Position& position) { return position.count < 2 || position.solved(); }

// Lines that are no position, which only a caller of step() can make up, have no numbers.
Position position_of(const State& state) {
  return countdown::parse(state.line, countdown::kMaxNumbers).value_or(Position{});
}

}  // namespace

CountdownText::CountdownText(std::size_t numbers) : numbers_(numbers) {
  QSTAR_ASSERT(numbers >= 3 && numbers <= countdown::kMaxNumbers, std::to_string(numbers));
}

std::string CountdownText::sample_problem(Rng& rng, Split split) const {
  for (;;) {
    Position position = countdown::drawn_numbers(numbers_, rng);
    position.target = static_cast<std::uint32_t>(
        rng.between(countdown::kSmallestDrawn, countdown::kLargestDrawn));
    std::string problem = countdown::text(position);
    if (is_held_out(problem) != (split == Split::kHeldOut) || position.solved()) continue;
    if (countdown::shortest_solution(position)) return problem;
  }
}

Result<State> CountdownText::reset(std::string_view problem) const {
  const auto position = countdown::parse(problem, numbers_);
  if (!position) return tl::unexpected(position.error());
  if (position->solved()) {
    return fail(Errc::kBadProblem,
                "the target is already one of the numbers: there is nothing to do");
  }
  if (is_done(*position)) {
    return fail(Errc::kBadProblem, "a single number leaves nothing to combine");
  }
  return State{std::string(problem), countdown::text(*position), true};
}

StepResult CountdownText::step(const State& state, std::string_view step) const {
  const auto written = read_step(step);
  if (!written) return {state, Verdict::kMalformed, false, false};
  Position position = position_of(state);
  const Verdict verdict = take(*written, position);
  StepResult result{state, verdict, is_done(position), position.solved()};
  if (verdict == Verdict::kRight) {
    result.next.line = countdown::text(position);
  } else {
    result.next.clean = false;
  }
  return result;
}

std::string CountdownText::answer(const State& state) const {
  const Position position = position_of(state);
  if (position.solved()) return std::to_string(position.target);
  return position.count == 1 ? std::to_string(position.numbers[0]) : std::string();
}

std::vector<std::string> CountdownText::legal_steps(const State& state) const {
  const Position position = position_of(state);
  std::vector<std::string> steps;
  if (is_done(position)) return steps;
  for (const Combination& c : countdown::combinations(position)) {
    std::string step = step_text(position, c);
    if (std::find(steps.begin(), steps.end(), step) == steps.end()) {
      steps.push_back(std::move(step));
    }
  }
  return steps;
}

Result<std::vector<std::string>> CountdownText::solve(const State& state) const {
  Position position = position_of(state);
  const auto solution = countdown::shortest_solution(position);
  if (!solution) {
    return fail(Errc::kBadProblem, "\"" + state.problem + "\" has no solution: no steps from \"" +
                                       state.line + "\" lead to the target");
  }
  std::vector<std::string> steps;
  for (const Combination& c : *solution) {
    steps.push_back(step_text(position, c));
    position.replace(c, *position.value_of(c));
  }
  return steps;
}

}  // namespace qstar::environment

#include "data/attempt.hpp"

#include <fmt/format.h>

#include "core/rng.hpp"

namespace qstar {

std::string prompt_of(std::string_view problem, std::span<const std::string> steps) {
  std::string text = fmt::format("{}{}{}", kEndSeparator, problem, kStepSeparator);
  for (const std::string& step : steps) {
    text += step;
    text += kStepSeparator;
  }
  return text;
}

std::string text_of(const Trajectory& attempt) {
  std::string text = prompt_of(attempt.problem, {});
  for (std::size_t i = 0; i < attempt.steps.size(); ++i) {
    text += attempt.steps[i].text;
    if (i + 1 == attempt.steps.size() && attempt.outcome != Outcome::kUnfinished)
      text += kEndSeparator;
    else if (i < closed_steps(attempt))
      text += kStepSeparator;
  }
  return text;
}

std::size_t closed_steps(const Trajectory& attempt) {
  const auto& steps = attempt.steps;
  const bool open = !steps.empty() && attempt.outcome == Outcome::kUnfinished &&
                    steps.back().tokens.size() <= steps.back().text.size();
  return steps.size() - (open ? 1 : 0);
}

std::size_t tokens_of(const Trajectory& attempt) {
  std::size_t tokens = 0;
  for (const Step& step : attempt.steps) tokens += step.tokens.size();
  return tokens;
}

std::uint64_t attempt_seed(std::uint64_t seed, std::uint64_t group, std::uint32_t sample) {
  return derive_seed(derive_seed(seed, "group", group), "attempt", sample);
}

}  // namespace qstar

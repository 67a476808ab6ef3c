#include "model/generated_steps.hpp"

#include <cstddef>
#include <utility>

#include "data/attempt.hpp"

namespace qstar::model {

std::vector<Step> steps_of(const Generation& generation, std::uint64_t version,
                           std::uint64_t time_us) {
  std::vector<Step> steps;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < generation.text.size(); ++i) {
    const char c = generation.text[i];
    const bool closes = c == kStepSeparator || c == kEndSeparator;
    if (!closes && i + 1 < generation.text.size()) continue;
    Step step;
    step.text = generation.text.substr(begin, i - begin + (closes ? 0 : 1));
    const auto first = static_cast<std::ptrdiff_t>(begin);
    const auto last = static_cast<std::ptrdiff_t>(i + 1);
    step.tokens.assign(generation.tokens.begin() + first, generation.tokens.begin() + last);
    step.logprobs.assign(generation.logprobs.begin() + first, generation.logprobs.begin() + last);
    step.policy_version = version;
    step.time_us = time_us;
    steps.push_back(std::move(step));
    begin = i + 1;
  }
  return steps;
}

}  // namespace qstar::model

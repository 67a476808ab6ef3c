// Rounds of attempts for tests of reinforcement learning algorithms.
#pragma once

#include <array>
#include <cmath>

#include "data/attempt.hpp"
#include "experiment/text/improvers.hpp"
#include "model/generated_steps.hpp"
#include "tests/support/models.hpp"

namespace qstar::testing {
using namespace model;

inline constexpr const char* kRoundProblem = "1+2+3";
inline constexpr std::uint64_t kRoundSeed = 9;

inline const Tokenizer& round_tokenizer() {
  static const auto made = Tokenizer::make(kArithmeticCharacters).value();
  return made;
}

inline const ModelFile& round_start() {
  static const auto model = random_model(3, {1, 32, 2, 48, 1000});
  return model;
}

// log p of every token of the text after the problem, under this policy.
inline std::vector<float> logprobs_of(const learning::PolicyLearner& policy,
                                      const std::string& text) {
  const auto prompt = prompt_of(kRoundProblem, {});
  const auto tokens = round_tokenizer().encode(prompt + text).value();
  const learning::TokenBatch row{1, static_cast<std::int64_t>(tokens.size()), tokens,
                                 std::vector<float>(tokens.size(), 1)};
  const auto all = policy.logprobs(row, std::array{1.0F});
  return {all.begin() + static_cast<std::ptrdiff_t>(prompt.size()), all.end()};
}

// An attempt as this policy would have sampled it; `ratio`: how much likelier each token is now
// than it was when it was sampled.
inline Trajectory attempt_of(const learning::PolicyLearner& policy, const std::string& text,
                             Outcome outcome, double ratio = 1) {
  Generation made{text, round_tokenizer().encode(text).value(), logprobs_of(policy, text), true};
  for (float& logprob : made.logprobs) logprob -= static_cast<float>(std::log(ratio));
  Trajectory attempt;
  attempt.problem = kRoundProblem;
  attempt.steps = steps_of(made, 1, 0);
  attempt.outcome = outcome;
  return attempt;
}

inline experiment::ImproverParts parts_of(const experiment::ReinforceConfig& config = {},
                                          const ModelFile& start = round_start()) {
  return {.config = config,
          .max_tokens = 8,
          .tokenizer = &round_tokenizer(),
          .start = &start,
          .seed = kRoundSeed};
}

}  // namespace qstar::testing

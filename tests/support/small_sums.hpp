// Sums and differences of three small numbers, and a small policy that works at them as its
// teachers did: right about half of the time. For tests of what learns from such work.
#pragma once

#include "environment/registry.hpp"
#include "environment/text/corpus.hpp"
#include "inference/decoder.hpp"
#include "learning/policy/policy_learner.hpp"
#include "search/text/evaluate.hpp"

namespace qstar::testing {
using namespace environment;

inline EnvironmentConfig small_sums() {
  EnvironmentConfig config;
  config.family = "custom";
  config.operators = "+-";
  config.operator_counts = {2};
  config.min_operand = 0;
  config.max_operand = 9;
  config.max_value = 18;
  return config;
}

// Pre-trained on the corpus; always the same.
inline learning::PolicyLearner noisy_learner(const Environment& environment) {
  const auto tokenizer = model::Tokenizer::make(model::kArithmeticCharacters).value();
  learning::PolicyLearner learner({2, 48, 4, 48, 1000}, tokenizer, 1);
  Corpus corpus(environment, {}, 1);
  learning::OptimizerConfig config;
  config.warmup = 20;
  const int steps = 400;
  for (int i = 0; i < steps; ++i)
    learner
        .update(learning::corpus_batch(corpus, tokenizer, 32, 48), config,
                learning::schedule(config, i, steps))
        .value();
  return learner;
}

// Sampled attempts of a split, `samples` a problem.
inline std::vector<AttemptGroup> sampled_groups(const Environment& environment,
                                                const model::ModelFile& model, Split split,
                                                std::int64_t problems, std::int64_t samples) {
  inference::DecoderPolicy policy(inference::DecoderWeights::make(model, 1).value());
  std::vector<std::string> texts;
  if (split == Split::kHeldOut) {
    texts = search::held_out_problems(environment, problems);
  } else {
    Rng rng(3);
    for (std::int64_t i = 0; i < problems; ++i)
      texts.push_back(environment.sample_problem(rng, split));
  }
  const auto search = search::make_search("sample").value();
  return search::groups_of(
      search.attempt(environment, {policy}, texts, {.samples = samples}).value());
}

}  // namespace qstar::testing

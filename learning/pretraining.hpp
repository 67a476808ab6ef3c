// Pre-training: next-token prediction on a corpus of worked solutions, and supervised fine-tuning,
// the same on right work alone.
#pragma once

#include <cstdint>

#include "core/config.hpp"
#include "core/result.hpp"
#include "environment/corpus.hpp"
#include "environment/registry.hpp"
#include "learning/model_file.hpp"
#include "learning/policy_learner.hpp"

namespace qstar {

struct PretrainConfig {
  std::int64_t steps = 1500;
  std::int64_t rows = 32;    // of the corpus a step
  std::int64_t length = 96;  // tokens a row
  OptimizerConfig optimizer;
  void describe(FieldVisitor& v);
  friend bool operator==(const PretrainConfig&, const PretrainConfig&) = default;
};

// Whether a model can learn this environment's text by these rows. kConfig names the fields: steps
// that are moves, a model that does not fit the alphabet, rows longer than its context.
Status check_text(const EnvironmentConfig& environment, const ModelSpec& model,
                  const PretrainConfig& pretrain);

// Optimiser step number `step` of all. Its rows depend on (seed, step) alone, so that whoever
// resumes reads on where another stopped.
TrainStats pretrain_step(PolicyLearner& learner, const Environment& environment,
                         const Tokenizer& tokenizer, const CorpusConfig& corpus,
                         const PretrainConfig& config, std::uint64_t seed, std::int64_t step);

}  // namespace qstar

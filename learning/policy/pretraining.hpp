// Pre-training: next-token prediction on a corpus of worked solutions.
#pragma once

#include <cstdint>

#include "core/config.hpp"
#include "core/result.hpp"
#include "environment/registry.hpp"
#include "environment/text/corpus.hpp"
#include "learning/policy/batch.hpp"
#include "learning/policy/policy_learner.hpp"
#include "model/model_file.hpp"

namespace qstar::learning {

struct PretrainConfig {
  std::int64_t steps = 1500;
  std::int64_t rows = 32;    // of the corpus per step
  std::int64_t length = 96;  // tokens per row
  OptimizerConfig optimizer;
  void describe(FieldVisitor& v);
  friend bool operator==(const PretrainConfig&, const PretrainConfig&) = default;
};

// The rows of one optimiser step, number `step` from 0. They depend only on (seed, step), so that a
// resumed run reads the same rows.
TokenBatch pretraining_batch(const environment::Environment& environment,
                             const model::Tokenizer& tokenizer,
                             const environment::CorpusConfig& corpus, const PretrainConfig& config,
                             std::uint64_t seed, std::int64_t step);
// One optimiser step on them; errors as PolicyLearner::update() says.
Result<TrainStats> pretrain_step(PolicyLearner& learner,
                                 const environment::Environment& environment,
                                 const model::Tokenizer& tokenizer,
                                 const environment::CorpusConfig& corpus,
                                 const PretrainConfig& config, std::uint64_t seed,
                                 std::int64_t step);

}  // namespace qstar::learning

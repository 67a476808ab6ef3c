#include "learning/policy/pretraining.hpp"

namespace qstar::learning {

void PretrainConfig::describe(FieldVisitor& v) {
  v.value({"steps", "Number of optimiser steps", 0, 1e7}, steps);
  v.value({"rows", "Rows of the corpus per optimiser step", 1, 65536}, rows);
  v.value({"length", "Tokens per row", 8, 65536}, length);
  section(v, "optimizer", "Optimisers (Muon and AdamW) for pre-training", optimizer);
}

TokenBatch pretraining_batch(const environment::Environment& environment,
                             const model::Tokenizer& tokenizer,
                             const environment::CorpusConfig& corpus, const PretrainConfig& config,
                             std::uint64_t seed, std::int64_t step) {
  environment::Corpus rows(environment, corpus,
                           derive_seed(seed, "corpus", static_cast<std::uint64_t>(step)));
  return corpus_batch(rows, tokenizer, config.rows, config.length);
}

}  // namespace qstar::learning

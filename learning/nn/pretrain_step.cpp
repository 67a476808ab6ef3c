#include "learning/batch.hpp"
#include "learning/pretraining.hpp"

namespace qstar {

TrainStats pretrain_step(PolicyLearner& learner, const Environment& environment,
                         const Tokenizer& tokenizer, const CorpusConfig& corpus,
                         const PretrainConfig& config, std::uint64_t seed, std::int64_t step) {
  Corpus rows(environment, corpus, derive_seed(seed, "corpus", static_cast<std::uint64_t>(step)));
  return learner.update(corpus_batch(rows, tokenizer, config.rows, config.length), config.optimizer,
                        schedule(config.optimizer, step, config.steps));
}

}  // namespace qstar

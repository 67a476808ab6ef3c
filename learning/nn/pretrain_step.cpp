#include "learning/policy/pretraining.hpp"

namespace qstar {

Result<TrainStats> pretrain_step(PolicyLearner& learner, const Environment& environment,
                                 const Tokenizer& tokenizer, const CorpusConfig& corpus,
                                 const PretrainConfig& config, std::uint64_t seed,
                                 std::int64_t step) {
  return learner.update(pretraining_batch(environment, tokenizer, corpus, config, seed, step),
                        config.optimizer, schedule(config.optimizer, step, config.steps));
}

}  // namespace qstar

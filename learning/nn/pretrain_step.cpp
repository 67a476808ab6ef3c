#include "learning/policy/pretraining.hpp"

namespace qstar::learning {

Result<TrainStats> pretrain_step(PolicyLearner& learner,
                                 const environment::Environment& environment,
                                 const model::Tokenizer& tokenizer,
                                 const environment::CorpusConfig& corpus,
                                 const PretrainConfig& config, std::uint64_t seed,
                                 std::int64_t step) {
  return learner.update(pretraining_batch(environment, tokenizer, corpus, config, seed, step),
                        config.optimizer, schedule(config.optimizer, step, config.steps));
}

}  // namespace qstar::learning

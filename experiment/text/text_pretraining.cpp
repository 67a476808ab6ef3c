#include "experiment/text/text_pretraining.hpp"

#include <algorithm>

#include "learning/policy/pretraining.hpp"

namespace qstar::experiment {
namespace {

constexpr std::int64_t kSlice = 25;  // optimiser steps

}  // namespace

Result<Trained> pretrain_slice(const ExperimentConfig& config,
                               const environment::Environment& environment,
                               const model::Tokenizer& tokenizer, const StageHost& host,
                               learning::PolicyLearner& learner, TextState& state) {
  const auto seed = static_cast<std::uint64_t>(config.seed);
  const auto end = std::min(state.pretrain_steps + kSlice, config.pretrain.steps);
  Trained slice;
  while (state.pretrain_steps < end && !host.stop()) {
    const auto stats = learning::pretrain_step(learner, environment, tokenizer, config.corpus,
                                               config.pretrain, seed, state.pretrain_steps);
    if (!stats) {
      const auto batch = learning::pretraining_batch(environment, tokenizer, config.corpus,
                                                     config.pretrain, seed, state.pretrain_steps);
      return tl::unexpected(learning::FailedBatches{"pretrain", host.keep_failed}.keep_rows(
          stats.error(), learning::rows_json(tokenizer, batch)));
    }
    ++slice.updates;
    ++state.pretrain_steps;
    state.pretrain_tokens += static_cast<std::uint64_t>(stats->tokens);
    slice.tokens += stats->tokens;
    slice.loss += stats->loss;
    slice.values["gradient_norm"] = stats->gradient_norm;
  }
  if (slice.updates > 0) slice.loss /= static_cast<double>(slice.updates);
  return slice;
}

}  // namespace qstar::experiment

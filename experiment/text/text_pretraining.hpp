// Pre-training of a text experiment's policy, a slice at a time.
#pragma once

#include "environment/environment.hpp"
#include "experiment/stage_host.hpp"
#include "experiment/text/text_progress.hpp"
#include "learning/policy/policy_learner.hpp"
#include "model/tokenizer.hpp"

namespace qstar::experiment {

// A few steps, counted in `state`; fewer when the run is to stop. The corpus of a step depends on
// its place alone, so that a resumed run reads on where it stopped. kConfig: a loss or gradient is
// not finite; the rows are kept.
Result<Trained> pretrain_slice(const ExperimentConfig& config,
                               const environment::Environment& environment,
                               const model::Tokenizer& tokenizer, const StageHost& host,
                               learning::PolicyLearner& learner, TextState& state);

}  // namespace qstar::experiment

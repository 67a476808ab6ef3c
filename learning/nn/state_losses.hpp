// Terms of a critic's loss over all steps of a state together. The formulas and their sources are
// in learning/critic/critic_learner.hpp.
#pragma once

#include <ATen/core/Tensor.h>

#include "learning/critic/q_targets.hpp"

namespace qstar::learning::nn {

// Mean over the steps of log Σ_a exp q(s, a) − q(s, a of the step). q [steps], probabilities.
at::Tensor conservative_penalty(const StateIndex& index, const at::Tensor& q);
// Mean over the states of the square of the mean advantage of their different steps. advantages
// [steps].
at::Tensor centring_penalty(const StateIndex& index, const at::Tensor& advantages);

}  // namespace qstar::learning::nn

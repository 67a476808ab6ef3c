#include "learning/nn/state_losses.hpp"

#include <ATen/ATen.h>

namespace qstar::learning::nn {
namespace {

// The sum of `values` [distinct] over each state: [states].
at::Tensor sums(const StateIndex& index, const at::Tensor& states, const at::Tensor& values) {
  return at::zeros({index.size}, values.options()).index_add(0, states, values);
}

}  // namespace

at::Tensor conservative_penalty(const StateIndex& index, const at::Tensor& q) {
  const auto states = at::tensor(index.states), distinct = at::tensor(index.distinct);
  const auto summed =
      sums(index, states.index_select(0, distinct), q.index_select(0, distinct).exp()).log();
  return (summed.index_select(0, states) - q).mean();
}

at::Tensor centring_penalty(const StateIndex& index, const at::Tensor& advantages) {
  const auto distinct = at::tensor(index.distinct);
  const auto states = at::tensor(index.states).index_select(0, distinct);
  const auto of_distinct = advantages.index_select(0, distinct);
  const auto means =
      sums(index, states, of_distinct) / sums(index, states, at::ones_like(of_distinct));
  return means.square().mean();
}

}  // namespace qstar::learning::nn

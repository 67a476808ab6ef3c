// The decoder-only transformer as plain functions over named tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "learning/policy/batch.hpp"
#include "model/model_file.hpp"

namespace qstar::learning::nn {

// Names and shapes as in model/model_file.hpp. Ordered by name, so that all loops over
// parameters have the same order.
using Parameters = std::map<std::string, at::Tensor>;

// Fresh weights: normal, sd 1/sqrt(inputs) for matrices (residual outputs scaled by
// 1/sqrt(2·layers)), ones and zeros for norms.
Parameters initial_parameters(const model::ModelSpec& spec, std::int64_t vocabulary,
                              std::uint64_t seed);
// A normal matrix of a standard deviation, drawn from qstar's own generator.
at::Tensor normal_tensor(const std::vector<std::int64_t>& shape, double deviation, Rng& rng);

Parameters from_model(const model::ModelFile& model, bool gradients);
void to_model(const Parameters& parameters, model::ModelFile& model);

struct Hidden {
  at::Tensor residual;  // [B,T,D] before the last norm
  at::Tensor logits;    // [B,T,V]
  at::Tensor sights;    // sights_of() the tokens, for further blocks
};
// tokens [B,T] int64.
Hidden forward(const Parameters& parameters, const model::ModelSpec& spec,
               const at::Tensor& tokens);
// One pre-LN block whose parameters begin with `prefix` ("blocks.0"): x [B,T,D] -> [B,T,D].
at::Tensor block(const Parameters& parameters, const std::string& prefix,
                 const model::ModelSpec& spec, const at::Tensor& sights, const at::Tensor& x);

// [rows,length] int64 and float32.
at::Tensor tokens_of(const TokenBatch& batch);
at::Tensor weights_of(const TokenBatch& batch);

// Mean cross-entropy (nats) of predicting token t+1 at t, weighted by weights[:,1:] and divided by
// their sum. logits [B,T,V], tokens [B,T] int64, weights [B,T].
at::Tensor next_token_loss(const at::Tensor& logits, const at::Tensor& tokens,
                           const at::Tensor& weights);
// Weighted mean binary cross-entropy (nats) with soft targets in [0,1]; all [N].
at::Tensor binary_loss(const at::Tensor& logits, const at::Tensor& targets,
                       const at::Tensor& weights);
// Mean of −log σ(better − worse), nats (Bradley & Terry 1952); both [N] logits.
at::Tensor preference_loss(const at::Tensor& better, const at::Tensor& worse);

}  // namespace qstar::learning::nn

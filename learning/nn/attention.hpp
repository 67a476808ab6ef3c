// The attention kernels as one differentiable operation.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/model_file.hpp"

namespace qstar::learning::nn {

// The attention mask and rotary positions of every head and token: [H,B,T,4] int32, the last axis
// begin, end, query position and key position (line_view.hpp). Computed once per batch.
at::Tensor sights_of(const at::Tensor& tokens, const model::ModelSpec& spec);  // tokens [B,T] int64
// The place in its line of every token of one row.
std::vector<model::LinePlace> line_places(const std::int64_t* tokens, std::int64_t length);

// qkv [B,T,3D] float32 (rows q, k, v; each by head), sights [H,B,T,4] -> [B,T,D].
at::Tensor attention(const at::Tensor& qkv, const at::Tensor& sights, double rope_base);

}  // namespace qstar::learning::nn

// The attention kernels as one differentiable operation.
#pragma once

#include <ATen/core/Tensor.h>

namespace qstar::nn {

// qkv [B,T,3D] float32 (rows q, k, v; each by head) -> [B,T,D]. Causal, rotary positions from 0.
at::Tensor attention(const at::Tensor& qkv, std::int64_t heads, double rope_base);

}  // namespace qstar::nn

// Causal self-attention with rotary positions, forward and backward, on raw rows, without torch.
//
// Batched products of small matrices are slow in BLAS; these loops keep one head of one sequence in
// the cache. RoPE (Su et al. 2021) rotates the pairs (j, j + h/2) of each head of size h by
// position · base^(−2j/h).
#pragma once

#include <cstdint>
#include <vector>

namespace qstar::learning::nn {

struct AttentionShape {
  std::int64_t batch = 0, length = 0, heads = 0, head_size = 0;
  std::int64_t width() const { return heads * head_size; }
};

// cos and sin of every (position, pair), from position −1 on: [1 + length, head_size / 2] each.
struct RotaryTable {
  std::vector<float> cosine, sine;
  RotaryTable(std::int64_t length, std::int64_t head_size, double base);
};

// The tokens that heads attend to: sights [H,B,T,4] as in attention.hpp.
struct View {
  const RotaryTable& rotary;
  const std::int32_t* sights;
};

// qkv [B,T,3D] -> out [B,T,D]; probabilities [B,H,T,T] are kept for the backward pass (in
// row i the columns that i sees; the rest is not written). A token that sees nothing gets zeros.
void attention_forward(const AttentionShape& shape, const View& view, const float* qkv, float* out,
                       float* probabilities);
// grad_out [B,T,D] -> grad_qkv [B,T,3D].
void attention_backward(const AttentionShape& shape, const View& view, const float* qkv,
                        const float* probabilities, const float* grad_out, float* grad_qkv);

}  // namespace qstar::learning::nn

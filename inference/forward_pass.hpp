// The forward pass of the decoder's blocks with key/value caches; included only by the decoder's
// own files.
//
// The result of a row depends neither on other rows nor on where chunks begin: the keys and values
// of a chunk are stored before its attention is computed, and kernels compute every row in the same
// order.
#pragma once

#include <span>
#include <vector>

#include "inference/decoder_weights.hpp"
#include "inference/kernels.hpp"
#include "model/line_view.hpp"

namespace qstar::inference::decoding {

// Flushes subnormal numbers to zero while it exists, so that processes that train (which flush
// them, too) and others get the same bits.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned before_;
};

struct Row {
  float* cache;                                 // of its sequence: ForwardPass::cache_floats()
  const std::vector<model::LinePlace>* places;  // of its sequence's tokens, up to this one at least
  std::size_t place;
  std::int32_t token;
};

class ForwardPass {
 public:
  // Number of rows that pass through the network together, so that activations fit the L2 cache.
  static constexpr std::size_t kChunk = 64;
  static_assert(kChunk % kernels::kRows == 0);

  explicit ForwardPass(const DecoderWeights::Packed& weights);

  // Size of one sequence's cache in floats.
  std::size_t cache_floats(std::size_t layers) const { return layers * (key_size_ + value_size_); }
  // Embeds at most kChunk rows and takes them through all blocks of the policy.
  void run(std::span<const Row> rows);
  // Runs one more block, whose heads have these scopes, as layer `layer` of the caches.
  void run_block(const Block& block, std::size_t layer, std::span<const model::Scope> scopes,
                 std::span<const Row> rows);

  // The rows' residual stream [kChunk, stride]; may be written between blocks.
  float* x() { return x_.get(); }
  // Logits of the first n rows of x() [n, logit_stride()]; valid until the next call.
  const float* logits(std::size_t n);
  std::size_t logit_stride() const { return head_stride_; }
  // Rows of x() normalised [n, stride]; valid until the next call.
  const float* normalise(const Norm& norm, std::size_t n);

 private:
  void embed(std::span<const Row> rows);
  void find_sights(std::span<const model::Scope> scopes, std::span<const Row> rows);
  void rotate(std::span<const model::Scope> scopes, const Row& row, float* query) const;
  void attention(const Block& block, std::size_t layer, std::span<const model::Scope> scopes,
                 std::span<const Row> rows);
  void mlp(const Block& block, std::size_t padded_rows);
  kernels::Cache cache(const Row& row, std::size_t layer) const;

  const DecoderWeights::Packed& p_;
  std::size_t key_size_, value_size_;  // floats of one layer of one sequence
  std::size_t qkv_stride_, mlp_stride_, head_stride_;
  Floats x_, normed_, qkv_, mixed_, hidden_, logits_, scratch_;  // [kChunk, …]
  std::vector<kernels::Range> sights_;                           // [kChunk, heads]
};

}  // namespace qstar::inference::decoding

// Rows of tokens on their way through the decoder's blocks, with key/value caches; included by
// decoder.cpp and decoder_scorer.cpp alone.
//
// What a row becomes does not depend on the rows beside it nor on where chunks begin: a row finds
// the keys and values of all earlier ones, those of its own chunk are stored first, and kernels
// compute every row in the same order.
#pragma once

#include <span>
#include <vector>

#include "learning/decoder_weights.hpp"
#include "learning/kernels.hpp"
#include "learning/line_view.hpp"

namespace qstar::decoding {

// Subnormal numbers count as zero while it lives, in processes that train as in those that do
// not: both have to get the same bits.
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
  float* cache;                          // of its sequence: ForwardPass::cache_floats()
  const std::vector<LinePlace>* places;  // of its sequence's tokens, up to this one at least
  std::size_t place;
  std::int32_t token;
};

class ForwardPass {
 public:
  // Rows go through the whole network this many at a time: their activations stay in the L2 cache.
  static constexpr std::size_t kChunk = 64;
  static_assert(kChunk % kernels::kRows == 0);

  explicit ForwardPass(const DecoderWeights::Packed& weights);

  // Floats of one sequence's cache.
  std::size_t cache_floats(std::size_t layers) const { return layers * (key_size_ + value_size_); }
  // Embeds at most kChunk rows and takes them through all blocks of the policy.
  void run(std::span<const Row> rows);
  // Through one more block whose heads have these scopes, as layer `layer` of the caches.
  void run_block(const Block& block, std::size_t layer, std::span<const Scope> scopes,
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
  void find_sights(std::span<const Scope> scopes, std::span<const Row> rows);
  void rotate(std::span<const Scope> scopes, const Row& row, float* query) const;
  void attention(const Block& block, std::size_t layer, std::span<const Scope> scopes,
                 std::span<const Row> rows);
  void mlp(const Block& block, std::size_t padded_rows);
  kernels::Cache cache(const Row& row, std::size_t layer) const;

  const DecoderWeights::Packed& p_;
  std::size_t key_size_, value_size_;  // floats of one layer of one sequence
  std::size_t qkv_stride_, mlp_stride_, head_stride_;
  Floats x_, normed_, qkv_, mixed_, hidden_, logits_, scratch_;  // [kChunk, …]
  std::vector<kernels::Range> sights_;                           // [kChunk, heads]
};

}  // namespace qstar::decoding

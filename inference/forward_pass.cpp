#include "inference/forward_pass.hpp"

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include <algorithm>

namespace qstar::inference::decoding {

using kernels::round_up;

#ifdef __SSE2__
FlushDenormals::FlushDenormals() : before_(_mm_getcsr()) {
  _mm_setcsr(before_ | 0x8040);  // flush to zero, denormals are zero
}
FlushDenormals::~FlushDenormals() { _mm_setcsr(before_); }
#else
FlushDenormals::FlushDenormals() : before_(0) {}
FlushDenormals::~FlushDenormals() = default;
#endif

ForwardPass::ForwardPass(const DecoderWeights::Packed& weights) : p_(weights) {
  const auto context = static_cast<std::size_t>(p_.spec.context);
  key_size_ = kernels::key_floats(p_.heads, p_.head_size, context);
  value_size_ = kernels::value_floats(p_.heads, p_.head_size, context);
  qkv_stride_ = round_up(3 * p_.width, kernels::kColumns);
  mlp_stride_ = round_up(4 * p_.width, kernels::kColumns);
  head_stride_ = round_up(p_.head.view.n, kernels::kColumns);
  x_ = Floats(kChunk * p_.stride);
  normed_ = Floats(kChunk * p_.stride);
  qkv_ = Floats(kChunk * qkv_stride_);
  mixed_ = Floats(kChunk * p_.stride);
  hidden_ = Floats(kChunk * mlp_stride_);
  logits_ = Floats(kChunk * head_stride_);
  scratch_ = Floats(round_up(context, kernels::kLanes) + round_up(p_.head_size, kernels::kLanes));
}

void ForwardPass::run(std::span<const Row> rows) {
  embed(rows);
  find_sights(p_.scopes, rows);
  for (std::size_t layer = 0; layer < p_.blocks.size(); ++layer) {
    attention(p_.blocks[layer], layer, p_.scopes, rows);
    mlp(p_.blocks[layer], round_up(rows.size(), kernels::kRows));
  }
}

void ForwardPass::run_block(const Block& block, std::size_t layer,
                            std::span<const model::Scope> scopes, std::span<const Row> rows) {
  find_sights(scopes, rows);
  attention(block, layer, scopes, rows);
  mlp(block, round_up(rows.size(), kernels::kRows));
}

const float* ForwardPass::logits(std::size_t n) {
  normalise(p_.norm, n);
  kernels::gemm(p_.head.view, normed_.get(), p_.stride, round_up(n, kernels::kRows), logits_.get(),
                head_stride_, kernels::Write::kStore);
  return logits_.get();
}

const float* ForwardPass::normalise(const Norm& norm, std::size_t n) {
  for (std::size_t i = 0; i < round_up(n, kernels::kRows); ++i)
    kernels::layer_norm(x_.get() + i * p_.stride, norm.gain.get(), norm.bias.get(), p_.width,
                        p_.stride, normed_.get() + i * p_.stride);
  return normed_.get();
}

kernels::Cache ForwardPass::cache(const Row& row, std::size_t layer) const {
  float* base = row.cache + layer * (key_size_ + value_size_);
  const auto context = static_cast<std::size_t>(p_.spec.context);
  return {base, base + key_size_, p_.heads, p_.head_size, round_up(context, kernels::kLanes)};
}

void ForwardPass::embed(std::span<const Row> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    float* row = x_.get() + i * p_.stride;
    std::copy_n(p_.embed.get() + static_cast<std::size_t>(rows[i].token) * p_.stride, p_.stride,
                row);
    if (p_.digit.empty()) continue;
    const auto place = (*rows[i].places)[rows[i].place].digit;
    const float* digit = p_.digit.get() + static_cast<std::size_t>(place) * p_.stride;
    for (std::size_t j = 0; j < p_.stride; ++j) row[j] += digit[j];
  }
  // Padding rows that fill the last tile of the matrix product.
  const std::size_t padded = round_up(rows.size(), kernels::kRows);
  std::fill(x_.get() + rows.size() * p_.stride, x_.get() + padded * p_.stride, 0.0F);
}

void ForwardPass::find_sights(std::span<const model::Scope> scopes, std::span<const Row> rows) {
  sights_.clear();
  for (const Row& row : rows) {
    for (const model::Scope scope : scopes) {
      const auto sight = model::sight_of(scope, *row.places, static_cast<std::int32_t>(row.place));
      sights_.push_back(
          {static_cast<std::size_t>(sight.begin), static_cast<std::size_t>(sight.end)});
    }
  }
}

// Rotates a row's queries [heads, head_size] and the keys behind them, each head by its own
// position.
void ForwardPass::rotate(std::span<const model::Scope> scopes, const Row& row, float* query) const {
  const auto place = static_cast<std::int32_t>(row.place);
  const auto& at = (*row.places)[row.place];
  const auto turn = [this](float* head, std::int32_t position) {
    const std::size_t angle = static_cast<std::size_t>(position + 1) * (p_.head_size / 2);
    kernels::rotate(head, p_.head_size, p_.cosines.get() + angle, p_.sines.get() + angle);
  };
  for (std::size_t h = 0; h < p_.heads; ++h) {
    turn(query + h * p_.head_size, model::asking_position(scopes[h], at, place));
    turn(query + p_.width + h * p_.head_size, model::found_position(scopes[h], at, place));
  }
}

void ForwardPass::attention(const Block& block, std::size_t layer,
                            std::span<const model::Scope> scopes, std::span<const Row> rows) {
  const std::size_t padded = round_up(rows.size(), kernels::kRows);
  normalise(block.norm1, padded);
  kernels::gemm(block.qkv.view, normed_.get(), p_.stride, padded, qkv_.get(), qkv_stride_,
                kernels::Write::kStore);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    float* row = qkv_.get() + i * qkv_stride_;
    rotate(scopes, rows[i], row);
    kernels::remember(cache(rows[i], layer), rows[i].place, row + p_.width, row + 2 * p_.width);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (const std::size_t next = i + 2; next < rows.size() && rows[next].cache != rows[i].cache)
      kernels::prefetch(cache(rows[next], layer), rows[next].place + 1);
    kernels::attend(cache(rows[i], layer), sights_.data() + i * p_.heads,
                    qkv_.get() + i * qkv_stride_, scratch_.get(), mixed_.get() + i * p_.stride);
  }
  kernels::gemm(block.out.view, mixed_.get(), p_.stride, padded, x_.get(), p_.stride,
                kernels::Write::kAdd);
}

void ForwardPass::mlp(const Block& block, std::size_t padded) {
  normalise(block.norm2, padded);
  kernels::gemm(block.up.view, normed_.get(), p_.stride, padded, hidden_.get(), mlp_stride_,
                kernels::Write::kStore);
  kernels::gelu(hidden_.get(), padded * mlp_stride_);
  kernels::gemm(block.down.view, hidden_.get(), mlp_stride_, padded, x_.get(), p_.stride,
                kernels::Write::kAdd);
}

}  // namespace qstar::inference::decoding

// The decoder's own layout of a model's weights; included only by the decoder's own files.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "inference/decoder.hpp"
#include "inference/kernels.hpp"

namespace qstar::inference {

namespace decoding {

// Zeroed floats that start on a cache line.
class Floats {
 public:
  Floats() = default;
  explicit Floats(std::size_t n)
      : data_(
            static_cast<float*>(std::aligned_alloc(64, kernels::round_up(n * sizeof(float), 64)))) {
    if (data_ == nullptr) throw std::bad_alloc();
    std::memset(data_.get(), 0, n * sizeof(float));
  }
  float* get() { return data_.get(); }
  const float* get() const { return data_.get(); }
  bool empty() const { return data_ == nullptr; }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> data_;
};

struct PackedMatrix {
  Floats data;
  kernels::Matrix view{};
};

struct Norm {
  Floats gain;
  Floats bias;
};

struct Block {
  Norm norm1, norm2;
  PackedMatrix qkv, out, up, down;
};

PackedMatrix packed_matrix(const model::NamedTensor& tensor);
// Rows of `width` floats, each padded with zeros to `stride`.
Floats padded_rows(const model::NamedTensor& tensor, std::size_t width, std::size_t stride);
// The tensors NAME.weight and NAME.bias, and those of the block PREFIX; all have to be there.
Norm norm_of(const model::ModelFile& model, const std::string& name);
Block block_of(const model::ModelFile& model, const std::string& prefix);
// kCorrupt names the first of `shapes` that the model lacks, has in another shape, or with a number
// that is not finite.
Status check_tensors(const model::ModelFile& model,
                     const std::map<std::string, std::vector<std::int64_t>>& shapes);

}  // namespace decoding

struct DecoderWeights::Packed {
  model::ModelSpec spec;
  model::Tokenizer tokenizer;
  std::uint64_t version;
  std::size_t width, stride, heads, head_size;
  std::vector<model::Scope> scopes;  // a head each
  decoding::Floats embed;            // [V, stride]
  decoding::Floats digit;            // [kDigits, stride], or empty
  std::vector<decoding::Block> blocks;
  decoding::Norm norm;
  decoding::PackedMatrix head;
  decoding::Floats cosines, sines;  // [1 + context, head_size / 2]: from position −1 on
};

}  // namespace qstar::inference

// Reads whole texts through a policy's blocks, one after the other; included only by the decoder's
// own files.
//
// What a text has in common with the beginning of the one before it is not computed again, so texts
// are best read in lexicographic order.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "inference/forward_pass.hpp"

namespace qstar::inference::decoding {

class TextReader {
 public:
  // `further_layers`: layers of the cache for blocks that the owner runs behind the policy's.
  explicit TextReader(const DecoderWeights::Packed& weights, std::size_t further_layers = 0);

  // Called for the rows of places [begin, begin + rows.size()), of which pass() holds the results.
  using Computed = std::function<void(std::size_t begin, std::span<const Row> rows)>;
  // At most the context's number of tokens, all of the vocabulary.
  void read(std::span<const std::int32_t> text, const Computed& computed = nullptr);

  // The text read last.
  const std::vector<std::int32_t>& tokens() const { return tokens_; }
  // Of the token behind a place of that text, [V].
  std::span<const float> logits(std::size_t place) const {
    return std::span(logits_).subspan(place * vocabulary_, vocabulary_);
  }
  ForwardPass& pass() { return pass_; }

 private:
  void compute(std::size_t begin, std::size_t end, const Computed& computed);

  std::size_t vocabulary_;
  ForwardPass pass_;
  Floats cache_;
  std::vector<float> logits_;  // [context, V]
  std::vector<std::int32_t> tokens_;
  std::vector<model::LinePlace> places_;  // of the tokens
};

}  // namespace qstar::inference::decoding

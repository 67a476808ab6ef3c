#include "inference/text_reader.hpp"

#include <algorithm>

namespace qstar::inference::decoding {

TextReader::TextReader(const DecoderWeights::Packed& weights, std::size_t further_layers)
    : vocabulary_(weights.head.view.n),
      pass_(weights),
      cache_(pass_.cache_floats(weights.blocks.size() + further_layers)),
      logits_(static_cast<std::size_t>(weights.spec.context) * vocabulary_) {}

void TextReader::read(std::span<const std::int32_t> text, const Computed& computed) {
  const auto differs = std::ranges::mismatch(text, tokens_).in1;
  auto begin = static_cast<std::size_t>(differs - text.begin());
  tokens_.assign(text.begin(), text.end());
  places_.clear();
  model::LineReader reader;
  for (const auto token : tokens_) places_.push_back(reader.next(token));
  for (; begin < tokens_.size(); begin += ForwardPass::kChunk)
    compute(begin, std::min(begin + ForwardPass::kChunk, tokens_.size()), computed);
}

// The places [begin, end), at most a chunk; all earlier ones have been computed.
void TextReader::compute(std::size_t begin, std::size_t end, const Computed& computed) {
  std::vector<Row> rows;
  for (std::size_t place = begin; place < end; ++place)
    rows.push_back({cache_.get(), &places_, place, tokens_[place]});
  pass_.run(rows);
  const float* found = pass_.logits(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::copy_n(found + i * pass_.logit_stride(), vocabulary_,
                logits_.data() + (begin + i) * vocabulary_);
  if (computed) computed(begin, rows);
}

}  // namespace qstar::inference::decoding

// The log-probabilities of the tokens of whole texts under a policy's weights, without torch.
//
// They are those that sampling the same tokens with DecoderPool records, bit for bit. Texts that
// begin alike share the computation of what they have in common.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "inference/decoder.hpp"

namespace qstar::inference {

class DecoderLogprobs {
 public:
  explicit DecoderLogprobs(std::shared_ptr<const DecoderWeights> weights);
  ~DecoderLogprobs();
  DecoderLogprobs(DecoderLogprobs&&) noexcept;
  DecoderLogprobs& operator=(DecoderLogprobs&&) noexcept;
  // For each request, in order, nats of tokens[first], tokens[first + 1], … given those before
  // them. kUsage names a request that does not fit the model: a token or a length that it does not
  // have, or `first` outside of the text.
  Result<std::vector<std::vector<float>>> logprobs(std::span<const model::LogprobRequest> requests);
  const DecoderWeights& weights() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qstar::inference

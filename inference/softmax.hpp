// The distribution that a policy samples from; included only by the decoder's own files.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace qstar::inference::decoding {

// exp(logit / temperature), relative to the largest logit, of each token. A temperature of 0 (or an
// invalid one) counts as 1. Returns their sum.
inline double softmax_weights(std::span<const float> logits, float temperature,
                              std::vector<double>& weights) {
  const double scale = temperature > 0 ? 1.0 / static_cast<double>(temperature) : 1.0;
  const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  weights.resize(logits.size());
  double total = 0;
  for (std::size_t i = 0; i < logits.size(); ++i)
    total += weights[i] = std::exp((static_cast<double>(logits[i]) - largest) * scale);
  return total;
}

}  // namespace qstar::inference::decoding

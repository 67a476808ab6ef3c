// Small models with random weights for tests that need some policy, not a good one.
#pragma once

#include "core/rng.hpp"
#include "model/model_file.hpp"
#include "model/tokenizer.hpp"

namespace qstar::testing {
using namespace model;

inline ModelFile random_model(std::uint64_t seed, const ModelSpec& spec = {1, 16, 2, 48, 1000}) {
  const auto tokenizer = Tokenizer::make(kArithmeticCharacters).value();
  ModelFile model{spec, tokenizer.characters(), {{"role", "policy"}}, {}};
  Rng rng(seed);
  for (const auto& [name, shape] : policy_shapes(spec, tokenizer.size())) {
    NamedTensor tensor{shape, {}};
    std::int64_t n = 1;
    for (const auto extent : shape) n *= extent;
    for (std::int64_t i = 0; i < n; ++i)
      tensor.data.push_back(static_cast<float>(0.3 * rng.normal()));
    model.tensors[name] = std::move(tensor);
  }
  return model;
}

}  // namespace qstar::testing

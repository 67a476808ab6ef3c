// The policy's network, written down plainly in double precision: what the decoder is compared
// with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/model_file.hpp"

namespace qstar::test {

// Logits of the token after `tokens`, from scratch, without a cache.
std::vector<double> reference_logits(const model::ModelFile& model,
                                     std::span<const std::int32_t> tokens);

// A model with normal weights of a size that makes attention and logits far from uniform.
model::ModelFile random_model(const model::ModelSpec& spec, std::uint64_t seed);

}  // namespace qstar::test

// A model and the environment it was trained in, from a file or a run directory.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "environment/registry.hpp"
#include "learning/decoder.hpp"

namespace qstar {

struct LoadedModel {
  std::string path;  // of the safetensors file
  std::shared_ptr<const DecoderWeights> weights;
  std::unique_ptr<Environment> environment;
};
// `path`: a safetensors file, or a run directory with a policy.safetensors. `overrides` change the
// environment that the model was trained in ("key=value").
Result<LoadedModel> load_model(const std::string& path,
                               std::span<const std::string> overrides = {});

}  // namespace qstar

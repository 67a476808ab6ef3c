// A model and the environment it was trained in, from a file or a run directory.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "environment/registry.hpp"
#include "inference/decoder.hpp"

namespace qstar::cli {

struct LoadedModel {
  std::string path;  // of the safetensors file
  std::shared_ptr<const inference::DecoderWeights> weights;
  environment::EnvironmentConfig config;
  std::unique_ptr<environment::Environment> environment;
};
// `path`: a safetensors file, or the folder of a run with a policy.safetensors. `overrides` change
// the environment that the model was trained in ("key=value"). kConfig: an override without effect,
// an environment whose problems the model cannot read, the file of a critic or reward model, or a
// model of a puzzle.
Result<LoadedModel> load_model(const std::string& path,
                               std::span<const std::string> overrides = {});

// kBadProblem: the problem leaves no room for an answer in the model's context.
Status check_length(const LoadedModel& model, const std::string& problem);

// The environment's name and the settings that it has.
nlohmann::ordered_json to_json(const environment::EnvironmentConfig& config);

}  // namespace qstar::cli

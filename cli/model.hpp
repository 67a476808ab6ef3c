// A model and the environment it was trained in, from a file or a run directory.
#pragma once

#include <memory>
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
// `path`: a safetensors file, or a run directory with a policy.safetensors.
Result<LoadedModel> load_model(const std::string& path);

struct Sampling {
  bool greedy = true;
  double temperature = 1;
  std::int64_t samples = 1;
  std::uint64_t seed = 0;
};
// All attempts at all problems, judged: problem by problem, `samples` each.
std::vector<Trajectory> attempt(const LoadedModel& model, const std::vector<std::string>& problems,
                                const Sampling& sampling);

}  // namespace qstar

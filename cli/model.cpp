#include "cli/model.hpp"

#include <filesystem>

#include "learning/batch.hpp"

namespace qstar {

Result<LoadedModel> load_model(const std::string& path) {
  LoadedModel loaded;
  loaded.path = std::filesystem::is_directory(path) ? path + "/policy.safetensors" : path;
  auto model = read_model(loaded.path);
  if (!model) return tl::unexpected(model.error());
  EnvironmentConfig config;
  if (auto parsed = parse_config(model->metadata["environment"],
                                 loaded.path + ", metadata 'environment'", {}, describe_of(config));
      !parsed) {
    return tl::unexpected(parsed.error());
  }
  auto environment = make_environment(config);
  if (!environment) return tl::unexpected(environment.error());
  auto weights = DecoderWeights::make(*model, 0);
  if (!weights) return tl::unexpected(weights.error());
  loaded.environment = std::move(*environment);
  loaded.weights = std::move(*weights);
  return loaded;
}

std::vector<Trajectory> attempt(const LoadedModel& model, const std::vector<std::string>& problems,
                                const Sampling& sampling) {
  DecoderPolicy policy(model.weights);
  const auto context = static_cast<std::int32_t>(model.weights->spec().context);
  std::vector<GenerateRequest> requests;
  for (std::size_t p = 0; p < problems.size(); ++p) {
    for (std::int64_t s = 0; s < sampling.samples; ++s) {
      const auto sample = static_cast<std::uint32_t>(s);
      requests.push_back({prompt_of(problems[p], {}), attempt_seed(sampling.seed, p, sample),
                          sampling.greedy ? 0.0F : static_cast<float>(sampling.temperature),
                          context, false});
    }
  }
  const auto generations = policy.generate(requests);
  std::vector<Trajectory> attempts(generations.size());
  for (std::size_t i = 0; i < generations.size(); ++i) {
    attempts[i].problem = problems[i / static_cast<std::size_t>(sampling.samples)];
    attempts[i].steps = steps_of(generations[i], 0, 0);
    judge(*model.environment, generations[i].finished, attempts[i]);
  }
  return attempts;
}

}  // namespace qstar

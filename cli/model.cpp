#include "cli/model.hpp"

#include <filesystem>

namespace qstar {

Result<LoadedModel> load_model(const std::string& path, std::span<const std::string> overrides) {
  LoadedModel loaded;
  std::error_code unreadable;  // then reading it says so
  loaded.path =
      std::filesystem::is_directory(path, unreadable) ? path + "/policy.safetensors" : path;
  auto model = read_model(loaded.path);
  if (!model) return tl::unexpected(model.error());
  EnvironmentConfig config;
  if (auto parsed =
          parse_config(model->metadata["environment"], loaded.path + ", metadata 'environment'",
                       overrides, describe_of(config));
      !parsed) {
    return tl::unexpected(parsed.error());
  }
  auto environment = make_environment(config);
  if (!environment) return tl::unexpected(environment.error());
  auto weights = DecoderWeights::make(*model, 0);
  if (!weights) return fail(weights.error().code, loaded.path + ": " + weights.error().message);
  loaded.environment = std::move(*environment);
  loaded.weights = std::move(*weights);
  return loaded;
}

}  // namespace qstar

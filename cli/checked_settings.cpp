#include "cli/checked_settings.hpp"

#include "environment/registry.hpp"

namespace qstar::cli {

Result<experiment::Experiment> checked_experiment(const ConfigText& config,
                                                  std::span<const std::string> overrides) {
  experiment::Experiment experiment;
  const auto given = environment::environment_overrides(overrides, "environment.");
  if (auto parsed = parse_config(config.toml, config.source, given, describe_of(experiment));
      !parsed)
    return tl::unexpected(parsed.error());
  if (auto used =
          environment::check_environment_overrides(experiment.environment, given, "environment.");
      !used)
    return tl::unexpected(used.error());
  if (auto sound = check(experiment); !sound) return tl::unexpected(sound.error());
  return experiment;
}

Result<std::string> checked_settings(const ConfigText& config,
                                     std::span<const std::string> overrides) {
  return checked_experiment(config, overrides).map([](experiment::Experiment experiment) {
    return print_config(describe_of(experiment));
  });
}

}  // namespace qstar::cli

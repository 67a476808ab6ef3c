// Reading the configuration of an experiment of any kind, and whether it can be run.
#pragma once

#include <span>
#include <string>

#include "actors/process/experiment_kind.hpp"
#include "core/config.hpp"
#include "environment/registry.hpp"

namespace qstar::cli {

// Reads the configuration into its fields and checks that its parts fit each other.
template <class Config>
Status parse_checked(const ConfigText& text, std::span<const std::string> given, Config& config) {
  const auto overrides = environment::environment_overrides(given, "environment.");
  if (auto parsed = parse_config(text.toml, text.source, overrides, describe_of(config)); !parsed)
    return parsed;
  if (auto used =
          environment::check_environment_overrides(config.environment, overrides, "environment.");
      !used)
    return used;
  return check(config);
}

// All settings of the experiment as a run records them (print_config). Errors: as `qstar train`.
Result<std::string> checked_settings(const ConfigText& config,
                                     std::span<const std::string> overrides);

}  // namespace qstar::cli

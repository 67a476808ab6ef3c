// Reading the configuration of an experiment, and whether it can be run.
#pragma once

#include <span>
#include <string>

#include "core/config.hpp"
#include "experiment/experiment.hpp"

namespace qstar::cli {

// The experiment of a configuration whose parts fit each other. kConfig otherwise.
Result<experiment::Experiment> checked_experiment(const ConfigText& config,
                                                  std::span<const std::string> overrides);

// All settings of the experiment as a run records them (print_config). Errors: as `qstar train`.
Result<std::string> checked_settings(const ConfigText& config,
                                     std::span<const std::string> overrides);

}  // namespace qstar::cli

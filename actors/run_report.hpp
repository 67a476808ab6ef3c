// The report of a finished run on text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "actors/coordinator.hpp"
#include "actors/experiment.hpp"

namespace qstar {

// report.json of a run, as documented in README.md.
nlohmann::json make_report(const ExperimentConfig& config, const RunEnd& end,
                           double worker_cpu_seconds);
// Policy and report as files, for RunDirectory::conclude.
std::vector<std::pair<std::string, std::string>> final_files(const ExperimentConfig& config,
                                                             const RunEnd& end,
                                                             double worker_cpu_seconds);

}  // namespace qstar

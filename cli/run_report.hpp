// The report.json of a finished run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/result.hpp"

namespace qstar::cli {

// `run`: a run folder, or the report.json itself. kMissingFile: there is none (for a run that is
// not finished, with the command that resumes it); kCorrupt, kSchema: see parse_report.
Result<nlohmann::json> read_run_report(const std::string& run);

}  // namespace qstar::cli

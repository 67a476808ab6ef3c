// Which member of a report.json is of which type: one description for every kind of run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/result.hpp"

namespace qstar {

// Whether every member that the reports show is of its type; others are not looked at. kCorrupt
// names the first one that is not, as "rl.grpo.tokens", and what is expected; kSchema an unknown
// kind. Null passes everywhere: a figure that could not be had.
Status check_report(const nlohmann::json& report, const std::string& kind);

}  // namespace qstar

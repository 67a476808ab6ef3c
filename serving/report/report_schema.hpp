// The types of the members of report.json: one schema for every kind of run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/result.hpp"

namespace qstar::serving {

// Checks the type of every member that the reports show; other members are ignored. kCorrupt names
// the first wrong member, such as "rl.grpo.tokens", and the expected type; kSchema an unknown kind.
// Null is allowed everywhere: a value that could not be measured.
Status check_report(const nlohmann::json& report, const std::string& kind);

}  // namespace qstar::serving

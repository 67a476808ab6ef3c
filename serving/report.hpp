// A run's report for people, from its report.json.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qstar {

// Markdown with tables of the base, the final policy, the critic and the cost. Missing keys are
// left out; a missing figure is a dash.
std::string report_markdown(const nlohmann::json& report);
// The learning curve of the report as SVG: greedy accuracy against generated tokens.
std::string curve_of(const nlohmann::json& report);

}  // namespace qstar

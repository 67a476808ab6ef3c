// A run's report for people, from its report.json.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qstar {

// Markdown with tables of the base, the final policy, the critic and the cost. Missing keys are
// left out.
std::string report_markdown(const nlohmann::json& report);
// An object's members as a Markdown table of two columns.
std::string figures_table(const nlohmann::json& values);
// The learning curve of the report as SVG: greedy accuracy against generated tokens.
std::string curve_of(const nlohmann::json& report);

}  // namespace qstar

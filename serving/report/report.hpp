// The report of a run on text, as Markdown and SVG, from its report.json.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qstar::serving {

// Markdown with tables of the base model, the final policy, the critic and the cost. Sections
// without data are left out; a missing value is a dash.
std::string report_markdown(const nlohmann::json& report);
// The learning curve of the report as SVG: greedy accuracy against generated tokens.
std::string curve_of(const nlohmann::json& report);

}  // namespace qstar::serving

// The report of a run on a puzzle, as Markdown and SVG, from its report.json.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qstar::serving {

// Markdown with the share of positions that greedy play solves, the network and the cost. Sections
// without data are left out.
std::string puzzle_report_markdown(const nlohmann::json& report);
// The share of solved positions against updates, as SVG.
std::string solved_curve_of(const nlohmann::json& report);

}  // namespace qstar::serving

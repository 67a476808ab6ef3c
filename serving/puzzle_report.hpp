// A puzzle's run for people, from its report.json.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qstar {

// Markdown with the share that greedy play solves, the network and the cost. Missing keys are left
// out.
std::string puzzle_report_markdown(const nlohmann::json& report);
// Share solved against updates as SVG.
std::string solved_curve_of(const nlohmann::json& report);

}  // namespace qstar

// The plots of a story run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace qstar {

// Each as file name and SVG, those without a figure to draw left out: headline.svg,
// calibration.svg, searches.svg, rlhf.svg, rl.svg, rewards.svg, selfplay.svg, learning_curve.svg,
// out_of_domain.svg, polluted_context.svg. Of an aggregate the means.
std::vector<std::pair<std::string, std::string>> story_plots(const nlohmann::json& report);

}  // namespace qstar

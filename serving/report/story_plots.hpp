// The plots of a story run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace qstar::serving {

// File name and SVG of every plot that has data: headline.svg,
// calibration.svg, searches.svg, rlhf.svg, rl.svg, rewards.svg, selfplay.svg, learning_curve.svg,
// out_of_domain.svg, polluted_context.svg. For an aggregate the means are drawn.
std::vector<std::pair<std::string, std::string>> story_plots(const nlohmann::json& report);

}  // namespace qstar::serving

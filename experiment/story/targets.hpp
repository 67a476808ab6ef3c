// Targets: limits that figures of a story's report must keep.
//
// A figure is a path of the report: members separated by points, "[*]" for every row of a list, "*"
// for every member of an object. "final.greedy.accuracy", "out_of_domain[*].final.accuracy" and
// "rl.*.greedy.accuracy" are figures. A target on a stage that is switched off does not apply.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "experiment/story/story_config.hpp"

namespace qstar::experiment {

// Every number that the report of this story has, with "[*]" for the rows of lists: what a target
// can be set on. Learning curves and the bins of calibrations are left out.
std::vector<std::string> report_figures(const StoryConfig& config);

// kConfig names a target without a limit, or on a figure that the report does not have even if
// all stages run; the nearest figure is suggested.
Status check_targets(const StoryConfig& config);

// The targets that the report misses, one sentence per figure.
nlohmann::json missed_targets(const nlohmann::json& report, const StoryConfig& config);

}  // namespace qstar::experiment

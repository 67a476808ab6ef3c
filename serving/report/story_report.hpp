// The report of a story run, as Markdown, from its report.json.
//
// A story run has the stages pre-training, reward models, searches, RLHF, reinforcement learning,
// self-play and measurements outside its domain; its report.json has a member for each.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qstar::serving {

// Markdown: a summary in three steps, one table per stage with n, 95 % interval, tokens per problem
// and CPU seconds, the missed targets, and the plots of story_plots. A stage that is not in the
// report is left out, a missing value is a dash. Also renders an aggregate of several reports.
std::string story_markdown(const nlohmann::json& report);

}  // namespace qstar::serving

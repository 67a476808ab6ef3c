// The report of a story run for people: a report that a sceptic can check.
//
// A story run goes through pre-training, reward models, searches, RLHF, reinforcement learning,
// self-play and measurements out of its domain; its report.json has a member for each.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace qstar {

// Markdown: the story in three steps, a table a stage with n, 95 % interval, tokens a problem and
// CPU seconds, what did not work, and the plots of story_plots. A stage that is not in the report
// is left out, a missing figure is a dash. Also of an aggregate of several reports.
std::string story_markdown(const nlohmann::json& report);

}  // namespace qstar

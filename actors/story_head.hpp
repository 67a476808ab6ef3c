// The process that runs a story: `qstar train` of a file with experiment = "story".
#pragma once

#include <nlohmann/json.hpp>

#include "actors/process/head_process.hpp"
#include "experiment/story/story_config.hpp"
#include "experiment/text/text_experiment.hpp"

namespace qstar::actors {

struct StoryHeadOptions : ProcessOptions {
  experiment::StoryConfig config;
  experiment::CheckpointConfig checkpoint{};  // of the stage under way
  experiment::RestartConfig restart{};
};

// Runs or resumes the story; gives its report. Errors as run_sessions() says; kUsage: what a story
// cannot have (workers, listening).
Result<nlohmann::json> run_story_head(const StoryHeadOptions& options);

}  // namespace qstar::actors

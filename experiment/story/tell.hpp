// Runs the stages of a story in order, each once, and completes the report.
#pragma once

#include <functional>
#include <string_view>

#include "experiment/story/stage.hpp"

namespace qstar::experiment {

// The results of finished stages, kept so that a resumed run does not repeat them.
struct FinishedStages {
  // Restores the story as it was after the stage; false when the stage was not finished.
  std::function<Result<bool>(std::string_view stage, Story& story)> restore;
  std::function<Status(std::string_view stage, const Story& story)> keep;
};

// Runs the stages that the configuration switches on and leaves the report in story.report. On
// kInterrupted the finished stages are kept, and the same call continues after them.
Status tell(Story& story, const FinishedStages& finished);

}  // namespace qstar::experiment

// Tells a story: runs its stages in order, each once, and makes the report.
#pragma once

#include <functional>
#include <string_view>

#include "story/stage.hpp"

namespace qstar {

// What a finished stage left, kept so that a resumed run need not do it again.
struct FinishedStages {
  // Restores the story as it was after the stage; false: the stage was not finished.
  std::function<Result<bool>(std::string_view stage, Story& story)> restore;
  std::function<Status(std::string_view stage, const Story& story)> keep;
};

// The stages that the configuration wants. On kInterrupted the finished ones are kept; the same
// call goes on. Leaves the whole report in story.report.
Status tell(Story& story, const FinishedStages& finished);

// Figures that were aimed at and missed, in words, from the report.
nlohmann::json missed_aims(const nlohmann::json& report);

}  // namespace qstar

// What the stages of a story leave for the next ones, in the run directory:
//
//   stages/NAME.json           the report so far and the names of the models
//   models/NAME.safetensors
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "actors/stage_files.hpp"
#include "experiment/story/tell.hpp"

namespace qstar::actors {

class StoryFiles {
 public:
  // `directory`: the path of the run directory.
  explicit StoryFiles(std::string directory) : path_(std::move(directory)) {}

  // See FinishedStages (tell.hpp). kCorrupt, kMissingFile: the stage's files are damaged or gone.
  Result<bool> restore(const StageFiles& files, std::string_view stage, experiment::Story& story);
  Status keep(StageFiles& files, std::string_view stage, const experiment::Story& story);

 private:
  std::string model_file(std::string_view model) const;

  std::string path_;
  std::set<std::string> written_;  // models
};

}  // namespace qstar::actors

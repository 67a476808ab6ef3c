// What a story leaves in its run directory while it goes on: finished stages, models, and the save
// of the stage under way.
//
//   stages/NAME.json           the report so far and the names of the models
//   models/NAME.safetensors
//   checkpoints/               of the stage under way
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "actors/experiment.hpp"
#include "persistence/checkpoint.hpp"
#include "story/tell.hpp"

namespace qstar {

class StoryFiles {
 public:
  static Result<StoryFiles> open(const std::string& run_directory, const CheckpointConfig& config);

  Result<bool> restore(std::string_view stage, Story& story);
  Status keep(std::string_view stage, const Story& story);

  using Parts = std::map<std::string, std::string>;
  // Of the stage of that label; empty when the newest save is another's.
  Result<Parts> load(std::string_view label) const;
  // Saves when the configured time has gone by since the last save, or `at_once`.
  Status save(std::string_view label, const std::function<Parts()>& parts, double now,
              bool at_once);

 private:
  StoryFiles(std::string path, const CheckpointConfig& config)
      : path_(std::move(path)),
        checkpoints_(path_ + "/checkpoints", config.keep),
        seconds_(config.seconds) {}
  std::string stage_file(std::string_view stage) const;
  std::string model_file(std::string_view model) const;

  std::string path_;
  CheckpointDirectory checkpoints_;
  double seconds_;
  double last_save_ = -1;
  std::set<std::string> written_;  // models
};

}  // namespace qstar

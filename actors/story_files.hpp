// What a story keeps in its run directory while it runs: finished stages, models, and saves of the
// stage under way.
//
//   stages/NAME.json           the report so far and the names of the models
//   models/NAME.safetensors
//   checkpoints/LABEL/         of pre-training and every run of the stage under way
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/experiment.hpp"
#include "actors/run_files.hpp"
#include "persistence/checkpoint.hpp"
#include "story/tell.hpp"

namespace qstar {

class StoryFiles {
 public:
  // kMissingFile: the directory lacks what an earlier session kept there.
  static Result<StoryFiles> open(const RunDirectory& directory, const CheckpointConfig& config);

  Result<bool> restore(std::string_view stage, Story& story);
  Status keep(std::string_view stage, const Story& story);

  using Parts = std::map<std::string, std::string>;
  // Empty when nothing was saved under this label.
  Result<Parts> load(std::string_view label);
  // Whether the configured time has gone by since this was last true.
  bool is_time_to_save(double now);
  // The serial number of the save. May be called from another thread, while load() and keep() are
  // not.
  Result<std::uint64_t> save(std::string_view label, const Parts& parts);

  // Finished stages, in alphabetical order.
  std::vector<std::string> finished() const;
  // Whether the stage under way has saved anything.
  bool saved() const { return *saved_; }

 private:
  StoryFiles(std::string path, const CheckpointConfig& config)
      : path_(std::move(path)), config_(config) {}
  CheckpointDirectory checkpoints(std::string_view label) const;
  std::string stage_file(std::string_view stage) const;
  std::string model_file(std::string_view model) const;

  std::string path_;
  CheckpointConfig config_;
  double last_save_ = -1;
  std::shared_ptr<std::atomic<bool>> saved_ = std::make_shared<std::atomic<bool>>(false);
  std::set<std::string> written_;  // models
};

}  // namespace qstar

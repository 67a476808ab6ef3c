// What a run keeps in its directory while its stages run: marks of finished stages, and saves of
// the stage under way.
//
//   stages/NAME.json       what a finished stage left for the next ones
//   checkpoints/LABEL/     saves of the stage under way, and of each part that has a label
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/process/run_files.hpp"
#include "experiment/run_settings.hpp"
#include "experiment/stage_host.hpp"
#include "persistence/checkpoint.hpp"

namespace qstar::actors {

class StageFiles {
 public:
  // kMissingFile: the directory lacks what an earlier session kept there.
  static Result<StageFiles> open(const RunDirectory& directory,
                                 const experiment::CheckpointConfig& config);

  // Bytes of a finished stage's mark. kMissingFile: the stage is not finished.
  Result<std::string> mark(std::string_view stage) const;
  // Marks a stage as finished.
  Status finish(std::string_view stage, std::string_view mark);
  std::string mark_file(std::string_view stage) const;

  // Has a stage run again, whether it is finished or not: from its saves, or without them from its
  // start. kMissingFile: it is finished, and its saves are gone.
  static Status reopen(const RunDirectory& directory, std::string_view stage,
                       bool from_saves = true);

  // The newest sound save under this label; without parts when nothing was saved.
  Result<persistence::CheckpointDirectory::Loaded> load(std::string_view label);
  // Whether the configured time has gone by since this was last true.
  bool is_time_to_save(double now);
  // The serial number of the save. May be called from another thread, while load() and finish() are
  // not.
  Result<std::uint64_t> save(std::string_view label, const experiment::SavedParts& parts);

  // Finished stages, in alphabetical order.
  std::vector<std::string> finished() const;
  // Whether nothing was saved or finished when it was opened.
  bool fresh() const { return fresh_; }
  // Whether there is a save of this stage.
  bool has_saved(std::string_view stage) const;

 private:
  StageFiles(std::string path, const experiment::CheckpointConfig& config)
      : path_(std::move(path)), config_(config) {}
  persistence::CheckpointDirectory checkpoints(std::string_view label) const;

  std::string path_;
  experiment::CheckpointConfig config_;
  double last_save_ = -1;
  bool fresh_ = false;
};

}  // namespace qstar::actors

// What finished stages leave in the run directory, for the stages behind them and for a resumed
// run.
//
//   stages/NAME.json            its section of the report, its cost, the names of its models
//   models/MODEL.safetensors
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/stage_files.hpp"
#include "experiment/run_stages.hpp"

namespace qstar::actors {

class StageResults {
 public:
  // `directory`: of the run.
  StageResults(std::string directory, const experiment::Experiment& experiment)
      : path_(std::move(directory)), experiment_(experiment) {}

  // Nothing: the stage is not finished. kCorrupt, kMissingFile: a file is damaged or was deleted.
  Result<std::optional<experiment::FinishedStage>> restore(const StageFiles& files,
                                                           const std::string& stage) const;
  // Its models, then its mark.
  Status keep(StageFiles& files, const std::string& stage,
              const experiment::FinishedStage& finished) const;

 private:
  std::string model_file(std::string_view model) const;
  Result<experiment::TrainedModel> read(const std::string& name, const nlohmann::json& kept) const;
  Status write(const std::string& name, const experiment::TrainedModel& model) const;

  std::string path_;
  const experiment::Experiment& experiment_;
};

// The labels of a finished stage and of those before it; nothing when it is not finished, or its
// mark is damaged.
std::optional<std::size_t> label_count(const std::string& mark);

// The safetensors bytes of a model, with the metadata of its experiment.
std::string bytes_of(const experiment::TrainedModel& model,
                     const experiment::Experiment& experiment);
// The files (name, bytes) of a finished run, the last one report.json: the last policy and critic
// or the puzzle's network, the report and its plots.
std::vector<std::pair<std::string, std::string>> final_files(
    const experiment::Experiment& experiment, const experiment::RunOutcome& outcome);

}  // namespace qstar::actors

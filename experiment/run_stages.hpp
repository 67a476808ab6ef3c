// Runs the stages of an experiment in order, each once, and makes the report.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "experiment/run.hpp"

namespace qstar::experiment {

// What a stage is: a function that reads from top to bottom, asks the engine for work and trains
// on what comes back. kInterrupted: the host stopped it, and what it could save is saved; the same
// call in a resumed run continues.
using StageFunction = Result<StageResult> (*)(Run& run, const StageEntry& stage);
// The function of a kind of stage; null: this program cannot run it.
using StageFunctions = StageFunction (*)(std::string_view kind);

// CPU seconds of all processes, and who waited for whom.
struct StageCost {
  double cpu_seconds = 0;
  EngineTimes times;
};
StageCost operator+(const StageCost& a, const StageCost& b);

struct FinishedStage {
  StageResult result;
  StageCost cost;                   // of all sessions
  std::vector<std::string> labels;  // of the run so far (Run::group_id)
};
// The results of finished stages, kept so that a resumed run does not repeat them.
struct FinishedStages {
  // Nothing: the stage is not finished.
  std::function<Result<std::optional<FinishedStage>>(const std::string& stage)> restore;
  std::function<Status(const std::string& stage, const FinishedStage& finished)> keep;
};

struct RunOutcome {
  nlohmann::json report;  // docs/report.md
  std::map<std::string, TrainedModel> models;
  // The names of the last ones that were trained; empty: none was.
  std::string last_policy, last_critic;
};

// On kInterrupted the finished stages are kept, and the same call continues after them. Otherwise
// the errors of the stages.
Result<RunOutcome> run_stages(const Experiment& experiment, const Problems& problems, RunHost host,
                              StageFunctions functions, const FinishedStages& finished);

}  // namespace qstar::experiment

// The process that leads a run: `qstar train`.
#pragma once

#include <nlohmann/json.hpp>

#include "actors/actors.hpp"
#include "actors/process/head_process.hpp"
#include "experiment/run_stages.hpp"

namespace qstar::actors {

struct HeadOptions : ProcessOptions {
  experiment::Experiment config;
  // The functions of its kinds of stages.
  experiment::StageFunctions stages = nullptr;
  // An environment of text of one's own; null: made from the configuration. Workers always make
  // theirs.
  EnvironmentPtr environment = nullptr;
};

// Runs or resumes the experiment; gives its report. Restarts and errors as run_sessions() says.
Result<nlohmann::json> run_head(const HeadOptions& options);

}  // namespace qstar::actors

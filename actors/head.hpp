// The process that leads a run of text: `qstar train`.
#pragma once

#include "actors/coordinator.hpp"
#include "actors/experiment.hpp"
#include "actors/head_process.hpp"

namespace qstar {

struct HeadOptions : ProcessOptions {
  ExperimentConfig config;
  // An environment of one's own; null: made from the configuration. Workers always make theirs.
  EnvironmentPtr environment;
};

// Runs or resumes the experiment; restarts and errors as run_sessions() says.
Result<RunEnd> run_head(const HeadOptions& options);

}  // namespace qstar

// The process that leads a run of text: `qstar train`.
#pragma once

#include "actors/actors.hpp"
#include "actors/process/head_process.hpp"
#include "experiment/text/text_run.hpp"

namespace qstar::actors {

struct TextHeadOptions : ProcessOptions {
  experiment::ExperimentConfig config;
  // An environment of one's own; null: made from the configuration. Workers always make theirs.
  EnvironmentPtr environment;
};

// Runs or resumes the experiment; restarts and errors as run_sessions() says.
Result<experiment::TextResult> run_text_head(const TextHeadOptions& options);

// report.json of a run, as documented in README.md.
nlohmann::json make_text_report(const experiment::ExperimentConfig& config,
                                const experiment::TextState& state);

}  // namespace qstar::actors

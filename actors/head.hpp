// The process that leads a run: `qstar train`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "actors/coordinator.hpp"
#include "actors/experiment.hpp"

namespace qstar {

struct HeadOptions {
  ExperimentConfig config;
  std::string run_directory;
  bool resume = false;
  bool deterministic = false;
  std::int64_t workers = 0;     // further processes on this machine
  std::string listen;           // ADDR:PORT for workers of other machines; empty: none
  std::string certificates;     // directory; empty: a private CA for this run, loopback only
  std::int64_t http_port = -1;  // gateway; -1: none, 0: any
  std::string http_address = "127.0.0.1";
  std::string worker_program;  // path of `qstar`, for workers
  // An environment of one's own; null: made from the configuration. Workers always make theirs.
  EnvironmentPtr environment;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const Report&)> show;  // progress for people
};

// Runs or resumes the experiment. A failed actor restarts the session from the newest checkpoint,
// with back-off; after too many failures kActorFailed. Interrupted: kInterrupted after a
// checkpoint, with the line that says how to resume.
Result<RunEnd> run_head(const HeadOptions& options);

}  // namespace qstar

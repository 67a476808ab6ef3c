// The run directory: what a run leaves behind, and the lock that keeps a second run out.
//
//   config.toml metrics.jsonl store/ checkpoints/ policy.safetensors report.json report.md
//   learning_curve.svg
#pragma once

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "actors/coordinator.hpp"
#include "actors/experiment.hpp"
#include "persistence/checkpoint.hpp"

namespace qstar {

class RunDirectory {
 public:
  // A new run wants a directory without one (kBusy otherwise, naming the remedies), or one that
  // holds the same run, finished; a resumed one
  // wants one with the same configuration (kConfig names the first difference's remedy).
  static Result<RunDirectory> open(const std::string& path, const ExperimentConfig& config,
                                   bool resume);

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  // One line of metrics.jsonl, flushed. Nothing is taken back: what a resumed or restarted run does
  // again since its checkpoint is there twice, and the later line counts.
  void append(const MetricsRow& row);
  // Policy and report of a finished run, each written atomically; nothing when they are there.
  Status conclude(const ExperimentConfig& config, const RunEnd& end, double worker_cpu_seconds);

 private:
  RunDirectory(std::string path, DirectoryLock lock);
  std::string path_;
  DirectoryLock lock_;
  std::unique_ptr<std::ofstream> metrics_;
};

// report.json of a run, as documented in README.md.
nlohmann::json make_report(const ExperimentConfig& config, const RunEnd& end,
                           double worker_cpu_seconds);

}  // namespace qstar

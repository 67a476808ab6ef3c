// The run directory: what a run leaves behind, and the lock that keeps a second run out.
//
//   config.toml metrics.jsonl store/ checkpoints/ report.json report.md learning_curve.svg
//   and the models: policy.safetensors and critic.safetensors of text, model.safetensors of a
//   puzzle
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/config.hpp"
#include "core/metrics.hpp"
#include "persistence/checkpoint.hpp"

namespace qstar {

class RunDirectory {
 public:
  // A new run wants a directory without one (kBusy otherwise, naming the remedies), or one that
  // holds the same run, finished; a resumed one wants one with the same configuration (kConfig
  // names the remedy).
  template <class Config>
  static Result<RunDirectory> open(const std::string& path, Config config, bool resume) {
    Config before;
    return open(path, resume, describe_of(config), describe_of(before));
  }

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  // One line of metrics.jsonl, flushed. Nothing is taken back: what a resumed or restarted run does
  // again since its checkpoint is there twice, and the later line counts.
  void append(const MetricsRow& row);
  // The files (name, bytes) of a finished run, each written atomically, the last one report.json:
  // with it the run is finished. Nothing when it is there: told once, with what it cost then.
  Status conclude(const std::vector<std::pair<std::string, std::string>>& files);

 private:
  RunDirectory(std::string path, DirectoryLock lock);
  // `before` is what the directory's own config.toml is read into.
  static Result<RunDirectory> open(const std::string& path, bool resume, const Describe& config,
                                   const Describe& before);
  std::string path_;
  DirectoryLock lock_;
  std::unique_ptr<std::ofstream> metrics_;
};

}  // namespace qstar

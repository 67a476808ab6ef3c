// The run directory: what a run leaves behind, and the lock that keeps a second run out.
//
//   config.toml metrics.jsonl log/ store/ weights/ checkpoints/LABEL/ stages/NAME.json
//   models/NAME.safetensors, and at the end report.json report.md and its plots, and the models:
//   policy.safetensors and critic.safetensors of text, model.safetensors of a puzzle;
//   failed/LABEL-batch.json, the batch that ended a run because its loss was not finite
//
// What a start has made is removed again when the run does not come to begin (a port that is taken,
// a label file that is missing), and nothing else is. A run whose directory is deleted or replaced
// while it trains ends with an error: intact() says so.
//
// metrics.jsonl has, beside the figures, a row of phase "checkpoint" for every checkpoint and one
// of phase "stage" for every finished stage: a resumed run knows by them that something it needs
// was deleted.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/process/config_changes.hpp"
#include "core/config.hpp"
#include "core/metrics.hpp"
#include "persistence/checkpoint.hpp"

namespace qstar::actors {

class RunDirectory {
 public:
  // A new run wants a directory without one (kUsage otherwise, with the remedies), or one that
  // holds the same run, finished; then nothing is run again. A resumed run wants one whose
  // configuration differs in `adjustable` keys only (config_changes.hpp). kConfig lists all that
  // differ.
  // kMissingFile: there is nothing to resume, and nothing is made. kBusy: another process uses it.
  template <class Config>
  static Result<RunDirectory> open(const std::string& path, Config config, bool resume,
                                   std::span<const std::string> adjustable) {
    Config before;
    return open({path, resume, adjustable}, describe_of(config), describe_of(before));
  }
  ~RunDirectory();
  RunDirectory(RunDirectory&&) noexcept;
  RunDirectory& operator=(RunDirectory&&) = delete;

  std::string file(const std::string& name) const;
  const std::string& path() const;

  // What the configuration given changes in the one that the run was started with.
  const std::vector<ConfigChange>& changes() const;
  // What the run that was there has lost without harm to what follows; empty: nothing.
  const std::string& warning() const;
  // Records the configuration given, and that a finished run is to continue with it. Then nothing
  // is changed any more.
  Status adopt();
  // The run has begun: from now on nothing is removed any more.
  void begin();

  // What metrics.jsonl says of earlier sessions.
  struct History {
    std::uint64_t checkpoint = 0;  // serial of the last checkpoint; 0: none was written
    std::uint64_t stages = 0;      // finished stages
    bool checkpoint_last = false;  // the last checkpoint is younger than the last finished stage
    bool finished = false;         // there is a report
    bool begun() const { return checkpoint > 0 || stages > 0 || finished; }
  };
  History history() const;
  // What a run without any checkpoint has to pass: kMissingFile when there must have been one.
  Status check_unstarted() const;
  // What a run with a checkpoint has to pass: its store is there.
  Status check_store() const;

  // One line of metrics.jsonl, flushed. Rows are never taken back: after a crash, what was written
  // since the last checkpoint is there twice, and the later row counts. Any thread.
  void append(const MetricsRow& row);
  // From now on the run wants this file or folder of it to stay where it is.
  void guard(const std::string& name);
  // kIo: the directory, or what is guarded in it, was deleted or replaced. Any thread.
  Status intact() const;

  // Writes failed/LABEL-batch.json, over one of an earlier session, and returns its path. Any
  // thread.
  Result<std::string> keep_batch(std::string_view label, std::string_view json) const;

  // The files (name, bytes) of a finished run, each written atomically, the last one report.json:
  // with it the run is finished. Does nothing when it is there: the report is written once, with
  // what the run had cost then.
  Status conclude(const std::vector<std::pair<std::string, std::string>>& files);

 private:
  struct Opening {
    const std::string& path;
    bool resume;
    std::span<const std::string> adjustable;
  };
  struct State;
  explicit RunDirectory(std::unique_ptr<State> state);
  // `before` is what the directory's own config.toml is read into.
  static Result<RunDirectory> open(const Opening& opening, const Describe& config,
                                   const Describe& before);
  std::unique_ptr<State> state_;
};

}  // namespace qstar::actors

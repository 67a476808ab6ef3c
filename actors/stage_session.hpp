// One session of a run: its stages run in a thread of their own, over the engine; the head waits
// for them.
//
// A run that is to stop gives that thread a moment to reach a point where it saves; then the
// session ends without it, as safely as after a crash: all files are written atomically, and what a
// stage has done since its last save is done again when the run is resumed.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "actors/engine/archive.hpp"
#include "actors/engine/engine_client.hpp"
#include "actors/engine/executors.hpp"
#include "actors/process/head_process.hpp"
#include "actors/stage_files.hpp"
#include "actors/stage_progress.hpp"
#include "actors/trainers.hpp"
#include "persistence/shelf.hpp"

namespace qstar::actors {

// The way of a stage's thread to the world outside. Once it is closed the thread reaches nothing
// any more.
class Gate {
 public:
  // What `act` returns; kInterrupted when the gate is closed.
  template <class Act>
  Status pass(Act act) {
    const std::scoped_lock lock(mutex_);
    if (!open_) return fail(Errc::kInterrupted, "the run has ended");
    return act();
  }
  // Waits for what is being saved or shown.
  void close() {
    const std::scoped_lock lock(mutex_);
    open_ = false;
  }

 private:
  std::mutex mutex_;
  bool open_ = true;
};

// What a session needs to know of the experiment.
struct SessionConfig {
  NodeConfig node;             // what every process is told
  EnvironmentPtr environment;  // of `node`; null: a puzzle
  experiment::CheckpointConfig checkpoint;
  double lease_seconds = 120;
  std::int64_t keep_weights_mb = 10;  // published models below this size are all kept
  std::int64_t most_groups = 0;       // that the store keeps; 0: all
  bool sync_store = false;            // to survive a loss of power, too
};

class StageSession {
 public:
  // The stages, as one function. They may go on in their thread after the session has ended, so
  // they own what they use.
  using Stages = std::function<Status(const experiment::StageHost& host)>;

  StageSession(const ProcessOptions& options, SessionConfig config, RunDirectory& directory,
               serving::Gateway* gateway);

  // Nothing wrong; kInterrupted; or what went wrong.
  static Status run(const std::shared_ptr<StageSession>& session, Stages stages);

  // Opens files and network. To be called once before run().
  Status prepare();
  // Not while the stages run.
  StageFiles& files() { return *files_; }
  // Marks a stage as finished by what `write` does, when everything it stored is durable. From the
  // thread of the stages.
  Status finish_stage(const std::function<Status(StageFiles& files)>& write);

 private:
  Status spawn_actors(caf::actor_system& system, std::shared_ptr<persistence::Store> store);
  Status wait_for(std::future<Status>& ended) noexcept;
  bool is_over(std::future<Status>& ended, std::chrono::milliseconds patience, Status& why);
  experiment::StageHost host();
  Status show(const experiment::StageProgress& progress);
  Result<experiment::SavedParts> load(std::string_view label);
  Status save(std::string_view label, const std::function<experiment::SavedParts()>& parts,
              bool at_once);
  Status write_save(const std::string& label, const experiment::SavedParts& parts);
  Result<std::string> keep_failed(std::string_view label, std::string_view json);
  void end_actors();
  bool stopped() const { return options_.stop(); }

  const ProcessOptions& options_;
  SessionConfig config_;
  RunDirectory& directory_;
  std::function<void(const ProgressUpdate&)> sink_;
  Gate gate_;
  ProgressDisplay display_;
  Network network_;
  std::shared_ptr<TaskExchange> exchange_ = std::make_shared<TaskExchange>();
  std::shared_ptr<std::atomic<bool>> ended_ = std::make_shared<std::atomic<bool>>(false);
  std::optional<double> patience_ends_;
  MetricsActor metrics_;
  std::optional<Archive> archive_;
  std::optional<Trainers> trainers_;
  std::shared_ptr<persistence::Shelf> shelf_;
  PoolActor pool_;
  caf::actor executors_;
  std::future<Status> executors_ended_;
  std::optional<StageFiles> files_;
};

}  // namespace qstar::actors

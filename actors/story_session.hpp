// One session of a story: its stages run in a thread of their own, the head waits for them.
//
// A run that is to stop gives that thread a moment to reach a point where it saves; then the
// session ends without it, as safely as after a crash: all files are written atomically, and what a
// stage has done since its last save is done again when the run is resumed.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "actors/progress.hpp"
#include "actors/archive.hpp"
#include "actors/engine_client.hpp"
#include "actors/story_files.hpp"
#include "actors/story_head.hpp"
#include "persistence/shelf.hpp"

namespace qstar {

// A stage's progress as a line and a row.
class StoryProgress {
 public:
  // `now` in seconds.
  Report report(const StageProgress& progress, double now);

 private:
  std::string stage_;
  Pace pace_;
};

// The way of a story's thread to the world outside. Once it is closed the thread reaches nothing
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

class StorySession {
 public:
  StorySession(const StoryHeadOptions& options, RunDirectory& directory, Gateway* gateway);

  // The report, kInterrupted, or what went wrong.
  static Result<nlohmann::json> run(const std::shared_ptr<StorySession>& session);

  // After run().
  const std::map<std::string, ModelFile>& models() const { return story_->models; }
  // What a run that was stopped has kept, in words.
  std::string kept() const;

 private:
  Status prepare();
  void spawn_actors(caf::actor_system& system, std::shared_ptr<const Environment> environment,
                    std::shared_ptr<Store> store);
  Status tell_safely();
  Status wait_for(std::future<Status>& told) noexcept;
  bool is_over(std::future<Status>& told, std::chrono::milliseconds patience, Status& why);
  Status read_step_labels(const Environment& environment);
  StoryHost host();
  Status show(const StageProgress& progress);
  Status save(std::string_view label, const std::function<StoryFiles::Parts()>& parts,
              bool at_once);
  Status write_save(const std::string& label, const StoryFiles::Parts& parts);
  void end_actors();
  bool stopped() const { return options_.stop(); }

  const StoryHeadOptions& options_;
  RunDirectory& directory_;
  std::function<void(const Report&)> sink_;
  Gate gate_;
  StoryProgress progress_;
  Network network_;
  std::shared_ptr<TaskExchange> exchange_ = std::make_shared<TaskExchange>();
  std::shared_ptr<std::atomic<bool>> ended_ = std::make_shared<std::atomic<bool>>(false);
  std::optional<double> patience_ends_;
  MetricsActor metrics_;
  std::optional<Archive> archive_;
  std::shared_ptr<Shelf> shelf_;
  PoolActor pool_;
  caf::actor executors_;
  std::future<Status> executors_ended_;
  std::shared_ptr<Annotator> annotator_;
  LabelFile<RatedWork> step_labels_;
  std::optional<StoryFiles> files_;
  std::optional<Story> story_;
};

}  // namespace qstar

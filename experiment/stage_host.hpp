// A stage's interface to the outside: the engine executes its tasks on all nodes; the host shows
// progress, stores attempts and saves state.
//
// A stage is a function of its configuration, its seed and its host. It knows nothing of actors,
// clocks or files.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/stop.hpp"
#include "data/trajectory.hpp"
#include "experiment/engine.hpp"
#include "learning/failed_batch.hpp"

namespace qstar::experiment {

// The progress of a stage.
struct StageProgress {
  std::string stage;
  std::int64_t done = 0;  // of `total`, in the stage's own unit
  std::int64_t total = 0;
  std::map<std::string, double> values;
  std::string line = {};  // for people; empty: one is made of the values
};

// What an interrupted stage saves: named bytes.
using SavedParts = std::map<std::string, std::string>;

// Every function is called from the thread of the stage; `stop` and `keep_failed` from trainers,
// too.
struct StageHost {
  std::shared_ptr<Engine> engine;
  // Whether the stage must save and stop now. show() and the engine's wait() then give
  // kInterrupted.
  Stop stop = {};
  // The number of a model in the store's table of models; `label` and `version` say where it comes
  // from. Unset: models have no numbers.
  std::function<Result<std::uint64_t>(const ModelHash& model, std::string_view role,
                                      std::string_view label, std::uint64_t version)>
      model_number = {};
  // Stores packed groups (persistence::pack) permanently. Storing a group again changes nothing;
  // one with other attempts replaces it.
  std::function<Status(std::string packed)> keep;
  // A group that is stored. kMissingFile: there is none, or it was evicted.
  std::function<Result<AttemptGroup>(std::uint64_t group)> stored = {};
  // Shows progress. kInterrupted: the stage must stop now.
  std::function<Status(const StageProgress& progress)> show;
  // The state that an interrupted stage saved under this label; empty: nothing was saved.
  std::function<Result<SavedParts>(std::string_view label)> load;
  // Saves `parts` in place of what was saved before under this label. Called often; the host may
  // skip calls, except with `at_once`.
  std::function<Status(std::string_view label, const std::function<SavedParts()>& parts,
                       bool at_once)>
      save;
  // Does work beside the stage, in an actor of that name, one piece after the other. The work
  // shares nothing with the stage until its end. An exception is an error (kActorFailed).
  std::function<std::future<Status>(const std::string& trainer, std::function<Status()> work)>
      beside;
  // Keeps a batch whose loss or gradient is not finite; empty: such batches are not kept.
  learning::KeepBatch keep_failed = {};
};

// kCorrupt: the store lacks a group that a save counts on.
Status check_stored(const StageHost& host, std::uint64_t group);

// For tests: executes tasks in the calling thread; stores, shows and saves nothing.
StageHost local_stage_host(std::shared_ptr<const environment::Environment> environment,
                           std::int32_t slots);

}  // namespace qstar::experiment

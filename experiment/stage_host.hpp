// A stage's interface to the outside: the engine executes its tasks on all nodes; the host shows
// progress, stores attempts and saves state.
//
// A stage is a function of its configuration, its seed and its host. It knows nothing of actors,
// clocks or files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/trajectory.hpp"
#include "experiment/engine.hpp"
#include "learning/failed_batch.hpp"

namespace qstar {

// The progress of a stage.
struct StageProgress {
  std::string stage;
  std::int64_t done = 0;  // of `total`, in the stage's own unit
  std::int64_t total = 0;
  std::map<std::string, double> values;
};

// What an interrupted stage saves: named bytes.
using SavedParts = std::map<std::string, std::string>;

// Every function is called from the thread of the stage.
struct StageHost {
  std::shared_ptr<Engine> engine;
  // The number of a model in the store's table of models; `label` and `version` say where it comes
  // from. Unset: models have no numbers.
  std::function<Result<std::uint64_t>(const ModelHash& model, std::string_view role,
                                      std::string_view label, std::uint64_t version)>
      model_number = {};
  // Stores groups permanently. Storing a group again changes nothing.
  std::function<Status(std::span<const AttemptGroup> groups)> keep;
  // Shows progress. kInterrupted: the stage must stop now.
  std::function<Status(const StageProgress& progress)> show;
  // The state that an interrupted stage saved under this label; empty: nothing was saved.
  std::function<Result<SavedParts>(std::string_view label)> load;
  // Saves `parts` in place of what was saved before under this label. Called often; the host may
  // skip calls, except with `at_once`.
  std::function<Status(std::string_view label, const std::function<SavedParts()>& parts,
                       bool at_once)>
      save;
  // Keeps a batch whose loss or gradient is not finite; empty: such batches are not kept.
  KeepBatch keep_failed = {};
};

// For tests: executes tasks in the calling thread; stores, shows and saves nothing.
StageHost local_stage_host(std::shared_ptr<const Environment> environment, std::int32_t slots);

// The id of an attempt group in the store, unique to (label, index). `index` < 2^31.
std::uint64_t group_id(std::string_view label, std::uint64_t index);

}  // namespace qstar

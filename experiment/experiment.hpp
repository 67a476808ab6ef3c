// An experiment: problems, models, resources, and the list of stages that a run goes through. This
// is what a configuration file sets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "environment/registry.hpp"
#include "environment/text/corpus.hpp"
#include "experiment/run_settings.hpp"
#include "experiment/stage_entry.hpp"
#include "model/model_file.hpp"

namespace qstar::experiment {

// What a figure of the report must reach; report.failed lists the targets that were missed.
struct TargetConfig {
  std::string figure;              // as in targets.hpp
  std::string meaning;             // in words; empty: the figure's name
  std::optional<double> at_least;  // one of the limits, or both
  std::optional<double> below;
  void describe(FieldVisitor& v);
  friend bool operator==(const TargetConfig&, const TargetConfig&) = default;
};

struct Experiment {
  std::string name = "experiment";
  std::int64_t seed = 1;
  environment::EnvironmentConfig environment;
  environment::CorpusConfig corpus;  // of text, as are the next three
  model::ModelSpec model;
  AttemptConfig attempts;
  EvaluationConfig evaluation;
  EngineConfig engine;
  StoreConfig store;
  CheckpointConfig checkpoint;
  RestartConfig restart;
  std::vector<StageEntry> stages;
  std::vector<TargetConfig> targets;

  void describe(FieldVisitor& v);
  friend bool operator==(const Experiment&, const Experiment&) = default;

  // Whether a stage that runs trains on a puzzle.
  bool of_puzzle() const;
  // The stages that run.
  std::vector<const StageEntry*> active() const;
};

// What the ranges of single fields cannot express: no stages, names that repeat, stages that need
// what no earlier stage makes, settings without effect. kConfig names the key and the remedy.
Status check(const Experiment& experiment);

// The settings that may differ when a run is resumed: limits of its stages, how often checkpoints
// are written, how failures are retried, how many share the work. Whole sections end with a point.
std::vector<std::string> adjustable_settings(const Experiment& experiment);

// The metadata of a model file of this experiment; `role`: "policy", "critic", …
std::map<std::string, std::string> metadata_of(const Experiment& experiment, std::string_view role);

}  // namespace qstar::experiment

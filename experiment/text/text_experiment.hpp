// An experiment on text: everything that its configuration file can set, with the defaults.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/config.hpp"
#include "environment/registry.hpp"
#include "environment/text/corpus.hpp"
#include "experiment/run_settings.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/policy/batch.hpp"
#include "learning/policy/pretraining.hpp"
#include "model/model_file.hpp"
#include "persistence/replay_table.hpp"

namespace qstar::experiment {

struct RolloutConfig {
  std::int64_t actors = 2;         // executors per process
  std::int64_t lease_groups = 32;  // problems per lease
  std::int64_t samples = 8;        // attempts per problem
  std::int64_t max_tokens = 64;
  double temperature = 1;
  std::int64_t slots = 256;  // sequences decoded at once
  double lease_seconds = 60;
  std::int64_t versions_ahead = 1;    // whose attempts are made early; 0: lock-step
  std::int64_t keep_weights_mb = 10;  // published policies below this size are all kept
  void describe(FieldVisitor& v);
  friend bool operator==(const RolloutConfig&, const RolloutConfig&) = default;
};

struct RlConfig {
  std::int64_t versions = 24;  // of the policy's weights
  std::int64_t updates_per_version = 16;
  std::int64_t groups_per_update = 128;
  std::int64_t staleness = 4;  // versions behind that may still be trained on
  learning::SelectionOptions selection;
  learning::OptimizerConfig optimizer{.muon_rate = 0.003, .adamw_rate = 0.0006, .warmup = 8};
  void describe(FieldVisitor& v);
  friend bool operator==(const RlConfig&, const RlConfig&) = default;
};

struct EvaluationConfig {
  std::int64_t problems = 2000;       // held out, for base and final
  std::int64_t curve_problems = 500;  // held out, for the learning curve
  std::int64_t curve_every = 2;       // versions between points
  void describe(FieldVisitor& v);
  friend bool operator==(const EvaluationConfig&, const EvaluationConfig&) = default;
};

struct ExperimentConfig {
  std::string name = "quickstart";
  std::int64_t seed = 1;
  environment::EnvironmentConfig environment;
  environment::CorpusConfig corpus;
  model::ModelSpec model;
  learning::PretrainConfig pretrain;
  RolloutConfig rollout;
  RlConfig rl;
  learning::CriticConfig critic;
  persistence::ReplayConfig replay;
  EvaluationConfig evaluation;
  CheckpointConfig checkpoint;
  RestartConfig restart;
  void describe(FieldVisitor& v);
  friend bool operator==(const ExperimentConfig&, const ExperimentConfig&) = default;
};

// How many leases the policy learns from until its next version, by replay.samples_per_insert.
std::uint64_t leases_per_version(const ExperimentConfig& config);

// The metadata of a model file of this experiment; `role`: "policy", "critic", …
std::map<std::string, std::string> metadata_of(const ExperimentConfig& config,
                                               const std::string& role);

// What the fields' ranges cannot say: parts that must fit each other, and settings without effect.
// kConfig names the fields.
Status check(const ExperimentConfig& config);

}  // namespace qstar::experiment

// The Q-critic of a text experiment, with the attempts that it learns from: prioritised replay
// (Schaul et al. 2016) of what the policy tried.
#pragma once

#include <cstdint>
#include <atomic>
#include <deque>
#include <future>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/rng.hpp"
#include "core/stop.hpp"
#include "experiment/text/text_experiment.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/failed_batch.hpp"
#include "persistence/replay_table.hpp"

namespace qstar::experiment {

// Not thread-safe.
class CriticTrainer {
 public:
  // Its trunk starts as a copy of the policy. kConfig: the table's settings.
  static Result<std::unique_ptr<CriticTrainer>> make(const ExperimentConfig& config,
                                                     const model::ModelFile& policy,
                                                     learning::KeepBatch keep_failed);

  // Attempts whose steps an earlier critic has scored.
  void insert(std::span<const std::shared_ptr<const AttemptGroup>> groups);
  // Updates up to this number in all, or until it is to stop. kConfig: a loss or gradient is not
  // finite.
  Status train(std::int64_t updates, const Stop& stop = {});

  std::int64_t updates() const { return updates_; }
  std::uint64_t trained_tokens() const { return tokens_; }  // padding included
  // Mean loss of the last train(), if there was anything to learn from.
  std::optional<double> loss() const { return loss_; }
  // With the experiment's metadata.
  model::ModelFile model() const;
  // The step AUC over `reference`, and the calibration of the scores of the newest attempts.
  std::map<std::string, double> assess(std::span<const AttemptGroup> reference);

  // Everything a resumed run needs, by name.
  std::map<std::string, std::string> save() const;
  // kCorrupt names `source` and the part.
  Status load(const std::map<std::string, std::string>& parts, std::string_view source,
              const persistence::ReplayTable::Stored& stored);

 private:
  CriticTrainer(const ExperimentConfig& config, const model::ModelFile& policy,
                learning::KeepBatch keep_failed, persistence::ReplayTable table);
  Result<std::optional<double>> update();  // its loss; nothing: there was nothing to learn from
  void note(const Trajectory& attempt);
  learning::CriticReport assess_all(std::span<const AttemptGroup> groups);
  learning::CriticReport assess_scored() const;

  const ExperimentConfig& config_;
  learning::CriticLearner critic_;
  learning::FailedBatches failed_;
  persistence::ReplayTable table_;
  Rng rng_;
  std::deque<Trajectory> scored_;  // the newest attempts
  std::int64_t updates_ = 0;
  std::uint64_t tokens_ = 0;
  std::optional<double> loss_;
};

// Stops and awaits work beside the stage.
struct AtRest {
  std::optional<std::future<Status>>& work;
  std::atomic<bool>& stops;
  ~AtRest() {
    if (!work || !work->valid()) return;
    stops = true;
    work->wait();
  }
};

}  // namespace qstar::experiment

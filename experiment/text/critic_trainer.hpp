// A Q-critic that learns beside a policy, with the attempts that it learns from: prioritised replay
// (Schaul et al. 2016) of what the policy tried.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/rng.hpp"
#include "core/stop.hpp"
#include "experiment/text/reinforce_config.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/failed_batch.hpp"
#include "persistence/replay_table.hpp"

namespace qstar::experiment {

// Not thread-safe.
class CriticTrainer {
 public:
  // Its trunk starts as a copy of the policy. `failed`: where a batch is kept whose loss is not
  // finite. kConfig: the table's settings.
  static Result<std::unique_ptr<CriticTrainer>> make(const ReinforceConfig& config,
                                                     const model::ModelFile& policy,
                                                     std::uint64_t seed,
                                                     learning::FailedBatches failed);

  // Attempts whose steps an earlier critic has scored.
  void insert(std::span<const std::shared_ptr<const AttemptGroup>> groups);
  // Updates up to this number in all, or until it is to stop; `share` of the run is done, in [0,
  // 1]. kConfig: a loss or gradient is not finite.
  Status train(std::int64_t updates, double share, const Stop& stop = {});

  std::int64_t updates() const { return updates_; }
  // Mean loss of the last train(), if there was anything to learn from.
  std::optional<double> loss() const { return loss_; }
  model::ModelFile model() const { return critic_.model(); }
  // The step AUC over `reference`, and the calibration of the scores of the newest attempts.
  std::map<std::string, double> assess(std::span<const AttemptGroup> reference);

  // Everything a resumed run needs, by name.
  std::map<std::string, std::string> save() const;
  // kCorrupt names `source` and the part.
  Status load(const std::map<std::string, std::string>& parts, std::string_view source,
              const persistence::ReplayTable::Stored& stored);

 private:
  CriticTrainer(const ReinforceConfig& config, const model::ModelFile& policy, std::uint64_t seed,
                learning::FailedBatches failed, persistence::ReplayTable table);
  double rate(double share) const;
  Result<std::optional<double>> update(
      double share);  // its loss; nothing: there was nothing to learn from
  void note(const Trajectory& attempt);
  learning::CriticReport assess_all(std::span<const AttemptGroup> groups);
  learning::CriticReport assess_scored() const;

  const ReinforceConfig& config_;
  learning::CriticLearner critic_;
  learning::FailedBatches failed_;
  persistence::ReplayTable table_;
  Rng rng_;
  std::deque<Trajectory> scored_;  // the newest attempts
  std::int64_t updates_ = 0;
  std::optional<double> loss_;
};

}  // namespace qstar::experiment

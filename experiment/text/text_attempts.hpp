// The attempts of a text experiment: which are ordered from the nodes, with which models, and their
// results in order.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <vector>

#include "environment/environment.hpp"
#include "experiment/stage_host.hpp"
#include "experiment/text/text_state.hpp"

namespace qstar::experiment {

// The attempts of a lease: its problems and seeds depend only on the run's seed and its number.
AttemptTask rollout_task(const ExperimentConfig& config,
                         const environment::Environment& environment, std::uint64_t number,
                         const PolicyRef& policy);

class TextAttempts {
 public:
  TextAttempts(const ExperimentConfig& config, const environment::Environment& environment,
               const StageHost& host)
      : config_(config), environment_(environment), host_(host) {}

  // Orders the attempts of `state.version` and of the versions ahead of it, as far as they are not
  // ordered, from the newest models.
  void order(const TextState& state);
  // Waits for the attempts that this version learns from, lease by lease, and hands them over;
  // `state.leases` counts them. kInterrupted: what was handed over is counted.
  using Take = std::function<Status(const OrderedVersion& made_by, std::vector<AttemptGroup>)>;
  Status collect(TextState& state, const Take& take);

  // kCorrupt: the store lacks the newest attempts that were collected. Eviction begins with the
  // oldest ones, so it is no loss.
  Status check_stored(const TextState& state) const;

  // The models that those under way name.
  void add_models(std::set<ModelHash>& models) const;
  std::vector<OrderedVersion> ordered() const;
  // Orders again what ordered() gave.
  void order_again(const std::vector<OrderedVersion>& ordered);

 private:
  struct Ordered {
    OrderedVersion what;
    std::deque<TaskId> leases;  // from what.first on
  };
  std::uint64_t leases_before(std::uint64_t version) const;
  void submit(const OrderedVersion& what);

  const ExperimentConfig& config_;
  const environment::Environment& environment_;
  const StageHost& host_;
  std::deque<Ordered> ordered_;
};

}  // namespace qstar::experiment

// What the coordinator hands out to rollouts: tasks and weights. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "actors/experiment.hpp"
#include "actors/lease_book.hpp"
#include "actors/messages.hpp"
#include "actors/weights_shelf.hpp"
#include "environment/environment.hpp"

namespace qstar {

class Dispatch {
 public:
  Dispatch(const ExperimentConfig& config, bool deterministic);

  // The next task as a lease: its problems depend only on the run's seed and the task's number.
  Lease lease(const Environment& environment, const std::string& holder, double now);
  LeaseBook& book() { return book_; }
  const LeaseBook& book() const { return book_; }

  WeightsShelf& weights() { return weights_; }
  const WeightsShelf& weights() const { return weights_; }

 private:
  ExperimentConfig config_;
  bool deterministic_;
  LeaseBook book_;
  WeightsShelf weights_;
};

}  // namespace qstar

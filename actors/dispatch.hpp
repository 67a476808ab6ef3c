// What goes out to rollouts: tasks and weights. Pure; the coordinator holds one.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "actors/experiment.hpp"
#include "actors/lease_book.hpp"
#include "actors/messages.hpp"
#include "environment/environment.hpp"

namespace qstar {

class Dispatch {
 public:
  Dispatch(const ExperimentConfig& config, bool deterministic);

  // The next task as a lease: its problems depend on the run's seed and the task's number alone.
  Lease lease(const Environment& environment, const std::string& holder, double now);
  LeaseBook& book() { return book_; }
  const LeaseBook& book() const { return book_; }

  // Newest weights; the last three versions stay available for fetches in progress.
  void publish(std::uint64_t version, std::string model);
  std::uint64_t newest() const { return weights_.empty() ? 0 : weights_.rbegin()->first; }
  const std::string& newest_model() const { return weights_.rbegin()->second; }  // newest() > 0
  // A piece of at most 1 MiB. kTimeout: that version is gone (ask again for the newest) or not
  // there yet.
  Result<WeightsChunk> chunk(const WeightsRequest& request) const;

 private:
  ExperimentConfig config_;
  bool deterministic_;
  LeaseBook book_;
  std::map<std::uint64_t, std::string> weights_;
};

}  // namespace qstar

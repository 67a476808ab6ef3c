// The queue of batches between scramblers and learner: first in, first out, each fitted once. Pure;
// the replay actor of puzzles holds one.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "actors/example_batch.hpp"

namespace qstar {

class ExampleBuffer {
 public:
  // `staleness`: number of target-network versions that a batch may lag behind.
  explicit ExampleBuffer(std::int64_t staleness) : staleness_(staleness) {}

  // Adds the batches of one lease. A lease is only granted when there is room, and arrives once.
  void insert(std::uint64_t task, std::vector<ExampleBatch> batches);
  // Removes and returns the oldest batch that a learner at `version` may still fit, dropping staler
  // ones; nullopt when there is none.
  std::optional<ExampleBatch> take(std::uint64_t version);

  std::int64_t size() const { return static_cast<std::int64_t>(held_.size()); }
  // Number of batches taken or dropped so far.
  std::int64_t removed() const { return removed_; }
  std::int64_t dropped_stale() const { return dropped_stale_; }
  // Leases with batches still in the queue, ascending; after a restart they are made again.
  std::vector<std::uint64_t> tasks() const;

 private:
  struct Held {
    std::uint64_t task;
    ExampleBatch batch;
  };
  std::int64_t staleness_;
  std::deque<Held> held_;
  std::int64_t removed_ = 0, dropped_stale_ = 0;
};

}  // namespace qstar

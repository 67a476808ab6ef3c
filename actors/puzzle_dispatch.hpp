// What a puzzle's coordinator hands out to scramblers: leases on batches, as long as there is room
// for them, and target networks. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "actors/lease_book.hpp"
#include "actors/messages.hpp"
#include "actors/puzzle_experiment.hpp"
#include "actors/weights_shelf.hpp"

namespace qstar {

class PuzzleDispatch {
 public:
  explicit PuzzleDispatch(const PuzzleExperiment& config);

  // Whether there is a target network, and room for the batches of one more lease.
  bool may_lease() const;
  // The next lease: lease t covers the batches from t · batches_per_lease on.
  ScrambleLease lease(const std::string& holder, double now);
  // True when these batches were still missing: they go to the buffer. False for a late duplicate.
  // kCorrupt, and nothing changes, when they are not what a scrambler of this run sends.
  Result<bool> accept(const InsertExamples& message, const Puzzle& puzzle);
  // Notes how many batches the buffer has removed since the start.
  void removed(std::int64_t total) { removed_ = total; }
  // Batches that are in the buffer or on their way to it.
  std::int64_t held() const { return accepted_ - removed_; }

  LeaseBook& book() { return book_; }
  const LeaseBook& book() const { return book_; }
  WeightsShelf& weights() { return weights_; }
  const WeightsShelf& weights() const { return weights_; }

 private:
  PuzzleExperiment config_;
  LeaseBook book_;
  WeightsShelf weights_;
  std::int64_t accepted_ = 0, removed_ = 0;
};

// CPU seconds of other processes, as they report them from time to time.
class CpuLedger {
 public:
  // The process has used `seconds` since it began; a smaller figure that arrives late adds nothing.
  void report(const std::string& process, double seconds);
  double total() const { return total_; }

 private:
  std::map<std::string, double> last_;
  double total_ = 0;
};

}  // namespace qstar

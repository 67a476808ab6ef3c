// Where a puzzle's run stands: the counters that a checkpoint keeps and a report tells.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace qstar {

// A point of the learning curve.
struct SolvedPoint {
  std::int64_t updates = 0;
  std::int64_t examples = 0;
  double cpu_seconds = 0;
  double loss = 0;    // mean since the check before
  double solved = 0;  // share of the fixed set that greedy play solves
  std::uint64_t target_version = 0;
};

// The curve of a run of any length in at most `kMost` points, evenly spread over its checks.
struct SolvedCurve {
  static constexpr std::size_t kMost = 400;
  std::vector<SolvedPoint> points;
  std::int64_t stride = 1, seen = 0;
  void add(const SolvedPoint& point);
};

struct PuzzleRunState {
  bool finished = false;
  std::int64_t updates = 0;
  std::int64_t examples = 0;
  std::uint64_t batches = 0;  // taken by the learner; deterministic: the next one's index
  std::int64_t checks = 0;
  std::int64_t records = 0;          // the next record's group in the store
  std::uint64_t target_version = 0;  // updates of the target network, plus 1
  std::uint64_t next_task = 0;
  std::vector<std::uint64_t> unfinished;  // leases that were out or not fitted to their end
  std::int64_t dropped_stale = 0;         // batches
  double cpu_seconds = 0;                 // of all processes so far
  double wall_seconds = 0;
  SolvedPoint newest;  // the last check
  SolvedCurve curve;
};

std::string save(const PuzzleRunState& state);
Result<PuzzleRunState> load_puzzle_run_state(std::string_view bytes);  // kCorrupt

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SolvedPoint, updates, examples, cpu_seconds, loss, solved,
                                   target_version)

}  // namespace qstar

// How far a puzzle's training has come: its saves keep it, and its report shows it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "experiment/engine.hpp"

namespace qstar::experiment {

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

// Batches that a task makes, and the target network that their targets come from.
struct OrderedBatches {
  std::uint64_t first = 0, count = 0;
  std::uint64_t target_version = 0;
};

struct CostToGoState {
  std::int64_t updates = 0;
  std::int64_t examples = 0;
  std::uint64_t batches = 0;  // fitted; the next one's index
  std::int64_t checks = 0;
  std::int64_t records = 0;             // attempts of greedy play stored so far
  std::uint64_t target_version = 1;     // updates of the target network, plus 1
  std::vector<OrderedBatches> ordered;  // and not fitted yet; resumed runs order them again
  bool amid = false;                    // some batches of the first of them are fitted already
  double cpu_seconds = 0;               // of all processes so far
  EngineTimes times;                    // of all sessions so far
  SolvedPoint newest;                   // the last check
  SolvedCurve curve;

  // Whether the last update was followed by a check.
  bool just_checked() const { return checks > 0 && newest.updates == updates; }
};

std::string save(const CostToGoState& state);
Result<CostToGoState> load_cost_to_go_state(std::string_view bytes);  // kCorrupt

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SolvedPoint, updates, examples, cpu_seconds, loss, solved,
                                   target_version)

}  // namespace qstar::experiment

// Finished runs, each measured again on the same held-out problems, for a comparison.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/stop.hpp"
#include "serving/report/comparison.hpp"

namespace qstar::cli {

struct MeasureOptions {
  std::int64_t problems = 2000;          // held out; positions, for puzzles
  std::vector<std::string> environment;  // "key=value": changes where the problems come from
  Stop stop;
  std::function<void(const std::string&)> show;  // progress for people
};

struct MeasuredRuns {
  std::vector<serving::ComparedRun> runs;
  std::string cost_unit;  // "tokens", or "updates" for puzzles
  // On which every run was measured.
  std::int64_t problems() const { return static_cast<std::int64_t>(runs.front().right.size()); }
};

// Greedy answers of each run's policy; greedy play, for puzzles, on positions as the first run's
// checks use them. kMissingFile: a folder holds no finished run; kUsage: runs of different kinds
// or environments, which have no problems in common; kInterrupted.
Result<MeasuredRuns> measure_runs(std::span<const std::string> folders,
                                  const MeasureOptions& options);

// A note for people when fewer held-out problems were found than asked for; else empty.
std::string shortfall_of(std::int64_t found, std::int64_t wanted);

}  // namespace qstar::cli

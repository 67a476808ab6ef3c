// The grid of runs that a sweep makes from settings with several values each. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace qstar::cli {

// A setting and its values in the order given.
struct SweepAxis {
  std::string key;                  // dotted
  std::vector<std::string> values;  // as they stand behind "key=" in `qstar train`
  friend bool operator==(const SweepAxis&, const SweepAxis&) = default;
};

// "seed=1..5" (whole numbers, both ends included), "stages.final.algorithm=grpo,ppo", or one value.
// Commas within quotes or brackets belong to a value, so "stages.rl.algorithms=[grpo,ppo],[dapo]"
// has two values that are lists. kUsage names the setting: no value, an empty one, a range that
// runs backwards or has more than a million numbers, the same value twice.
Result<SweepAxis> parse_axis(std::string_view text);

struct SweepRun {
  std::string name;                    // of its folder: "seed-1_algorithm-grpo"
  std::vector<std::string> overrides;  // "key=value" of every axis
  friend bool operator==(const SweepRun&, const SweepRun&) = default;
};

// How many runs the grid has; at most 10^18.
std::uint64_t grid_size(std::span<const SweepAxis> axes);

// Every combination, the last axis changing fastest. Names say the values of the axes that have
// several. kUsage: no axis, the same key twice, or two runs whose names would be equal.
Result<std::vector<SweepRun>> sweep_grid(std::span<const SweepAxis> axes);

}  // namespace qstar::cli

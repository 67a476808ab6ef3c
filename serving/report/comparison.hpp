// Compares finished runs: by variant (settings other than the seed), over seeds, and in pairs on
// the same held-out problems.
//
// Two sources of chance are kept apart. The interval of a paired difference says what another
// draw of held-out problems could change; the differences of the single seeds say how much one
// training run differs from the next.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/metrics.hpp"
#include "core/result.hpp"

namespace qstar::serving {

struct CurvePoint {
  double cost = 0;      // generated tokens; updates, for puzzles
  double accuracy = 0;  // greedy, in [0, 1]
};

// One finished run.
struct ComparedRun {
  std::string folder;
  std::map<std::string, std::string> settings;  // every dotted key with its value as TOML
  std::vector<std::uint8_t> right;  // [problems]: 1 where the policy is right; the same for all
  std::vector<CurvePoint> curve;    // in order of cost
  double cost = 0;                  // of the whole run, as in the curve
  double cpu_seconds = 0;
};

struct VariantFigures {
  std::string label;                 // the settings in which variants differ: "a=1 b=2"; or "all"
  std::vector<std::string> seeds;    // in the order of the runs
  std::vector<double> accuracies;    // by run
  double mean = 0, deviation = 0;    // of the accuracies; the sample's deviation, 0 for one run
  double cost = 0, cpu_seconds = 0;  // mean per run
  std::vector<double> at_cost;       // mean accuracy at Comparison::costs
};

// A variant's accuracy minus that of the first variant.
struct PairedDifference {
  std::string label;
  double mean = 0;
  Interval ci95;                // over problems, the seeds being as they are
  std::vector<double> by_seed;  // of the seeds that both variants have, in the first one's order
};

struct Comparison {
  std::size_t problems = 0;
  std::vector<double> costs;  // quarters of the smallest run's cost; empty without curves
  std::vector<VariantFigures> variants;
  std::vector<PairedDifference> differences;  // of all variants but the first
};

// Runs are one variant when all their settings but `seed` and `name` agree; variants come in the
// order of their first runs. kUsage: no run, runs measured on different numbers of problems, or two
// runs of one variant with the same seed.
Result<Comparison> compare_runs(std::span<const ComparedRun> runs);

// Tables for a terminal; `cost_unit` is "tokens" or "updates".
std::string comparison_text(const Comparison& comparison, const std::string& cost_unit);
nlohmann::ordered_json comparison_json(const Comparison& comparison, const std::string& cost_unit);

}  // namespace qstar::serving

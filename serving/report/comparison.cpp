#include "serving/report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

namespace qstar::serving {
namespace {

using Runs = std::span<const ComparedRun>;
using Group = std::vector<const ComparedRun*>;  // the runs of one variant

constexpr double kNormal95 = 1.959963984540054;  // half of the 95 % interval, in deviations

bool names_a_run(const std::string& key) { return key == "seed" || key == "name"; }

std::string value_of(const ComparedRun& run, const std::string& key) {
  const auto found = run.settings.find(key);
  return found == run.settings.end() ? "none" : found->second;
}

// The settings in which some runs differ, in the order of their names.
std::vector<std::string> differing_keys(Runs runs) {
  std::set<std::string> keys;
  for (const auto& run : runs)
    for (const auto& [key, value] : run.settings)
      if (!names_a_run(key)) keys.insert(key);
  std::erase_if(keys, [&](const std::string& key) {
    return std::all_of(runs.begin(), runs.end(), [&](const ComparedRun& run) {
      return value_of(run, key) == value_of(runs.front(), key);
    });
  });
  return {keys.begin(), keys.end()};
}

std::string label_of(const ComparedRun& run, const std::vector<std::string>& keys) {
  std::string label;
  for (const auto& key : keys)
    label += fmt::format("{}{}={}", label.empty() ? "" : " ", key, value_of(run, key));
  return label.empty() ? "all" : label;
}

double mean_of(std::span<const double> values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// The sample's standard deviation; 0 for fewer than two values.
double deviation_of(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double accuracy_of(const ComparedRun& run) {
  const auto right = std::accumulate(run.right.begin(), run.right.end(), 0.0);
  return run.right.empty() ? 0 : right / static_cast<double>(run.right.size());
}

// The accuracy at a cost, straight between the curve's points; its ends are held.
double accuracy_at(const std::vector<CurvePoint>& curve, double cost) {
  const auto next = std::find_if(curve.begin(), curve.end(),
                                 [cost](const CurvePoint& point) { return point.cost >= cost; });
  if (next == curve.begin()) return next->accuracy;
  if (next == curve.end()) return curve.back().accuracy;
  const auto& last = *(next - 1);
  const double share = (cost - last.cost) / (next->cost - last.cost);
  return last.accuracy + share * (next->accuracy - last.accuracy);
}

std::vector<double> common_costs(Runs runs) {
  double smallest = runs.front().cost;
  for (const auto& run : runs) {
    if (run.curve.empty()) return {};
    smallest = std::min(smallest, run.cost);
  }
  if (smallest <= 0) return {};
  return {smallest / 4, smallest / 2, smallest * 3 / 4, smallest};
}

VariantFigures figures_of(const Group& group, const std::string& label,
                          const std::vector<double>& costs) {
  VariantFigures figures;
  figures.label = label;
  std::vector<double> run_costs, seconds;
  for (const ComparedRun* run : group) {
    figures.seeds.push_back(value_of(*run, "seed"));
    figures.accuracies.push_back(accuracy_of(*run));
    run_costs.push_back(run->cost);
    seconds.push_back(run->cpu_seconds);
  }
  figures.mean = mean_of(figures.accuracies);
  figures.deviation = deviation_of(figures.accuracies);
  figures.cost = mean_of(run_costs);
  figures.cpu_seconds = mean_of(seconds);
  for (const double cost : costs) {
    std::vector<double> values;
    for (const ComparedRun* run : group) values.push_back(accuracy_at(run->curve, cost));
    figures.at_cost.push_back(mean_of(values));
  }
  return figures;
}

const ComparedRun* with_seed(const Group& group, const std::string& seed) {
  const auto found = std::find_if(group.begin(), group.end(), [&](const ComparedRun* run) {
    return value_of(*run, "seed") == seed;
  });
  return found == group.end() ? nullptr : *found;
}

// Nothing when the variants have no seed in common.
std::optional<PairedDifference> difference_of(const Group& first, const Group& group,
                                              const std::string& label) {
  PairedDifference difference;
  difference.label = label;
  std::vector<double> by_problem(first.front()->right.size(), 0.0);
  for (const ComparedRun* run : first) {
    const ComparedRun* other = with_seed(group, value_of(*run, "seed"));
    if (other == nullptr) continue;
    difference.by_seed.push_back(accuracy_of(*other) - accuracy_of(*run));
    for (std::size_t i = 0; i < by_problem.size(); ++i)
      by_problem[i] += static_cast<double>(other->right[i]) - static_cast<double>(run->right[i]);
  }
  if (difference.by_seed.empty()) return std::nullopt;
  for (double& value : by_problem) value /= static_cast<double>(difference.by_seed.size());
  difference.mean = mean_of(by_problem);
  const double half =
      kNormal95 * deviation_of(by_problem) / std::sqrt(static_cast<double>(by_problem.size()));
  difference.ci95 = {difference.mean - half, difference.mean + half};
  return difference;
}

Status check_runs(Runs runs) {
  if (runs.empty()) return fail(Errc::kUsage, "there is no run to compare");
  for (const auto& run : runs) {
    if (run.right.size() == runs.front().right.size() && !run.right.empty()) continue;
    return fail(
        Errc::kUsage,
        fmt::format("{} was measured on {} problems, {} on {}: compare runs on the same "
                    "problems",
                    runs.front().folder, runs.front().right.size(), run.folder, run.right.size()));
  }
  return {};
}

Status check_seeds(const Group& group, const std::string& label) {
  for (auto run = group.begin(); run != group.end(); ++run) {
    const auto seed = value_of(**run, "seed");
    const auto same = std::find_if(run + 1, group.end(), [&](const ComparedRun* other) {
      return value_of(*other, "seed") == seed;
    });
    if (same != group.end())
      return fail(Errc::kUsage, fmt::format("{} and {} are the same experiment ({}, seed {}): give "
                                            "each run once",
                                            (*run)->folder, (*same)->folder, label, seed));
  }
  return {};
}

}  // namespace

Result<Comparison> compare_runs(std::span<const ComparedRun> runs) {
  if (auto checked = check_runs(runs); !checked) return tl::unexpected(checked.error());
  const auto keys = differing_keys(runs);
  std::vector<std::string> labels;
  std::vector<Group> groups;
  for (const auto& run : runs) {
    const auto label = label_of(run, keys);
    const auto place = std::find(labels.begin(), labels.end(), label);
    if (place == labels.end()) {
      labels.push_back(label);
      groups.push_back({&run});
    } else {
      groups[static_cast<std::size_t>(place - labels.begin())].push_back(&run);
    }
  }
  Comparison comparison{runs.front().right.size(), common_costs(runs), {}, {}};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (auto once = check_seeds(groups[i], labels[i]); !once) return tl::unexpected(once.error());
    comparison.variants.push_back(figures_of(groups[i], labels[i], comparison.costs));
    if (i == 0) continue;
    if (auto difference = difference_of(groups[0], groups[i], labels[i]))
      comparison.differences.push_back(std::move(*difference));
  }
  return comparison;
}

}  // namespace qstar::serving

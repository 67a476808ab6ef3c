#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "serving/report/comparison.hpp"

namespace qstar::serving {
namespace {

// A fixed-point number without the zero before the point, as accuracies are written.
std::string rate(double value) {
  auto text = fmt::format("{:.4f}", value);
  return text.starts_with("0.") ? text.substr(1) : text;
}

std::string signed_rate(double value) { return (value < 0 ? "-" : "+") + rate(std::abs(value)); }

// Tables name variants by their numbers, so that lines fit a terminal.
std::string variants_list(const Comparison& comparison) {
  std::string text;
  for (std::size_t i = 0; i < comparison.variants.size(); ++i)
    text += fmt::format("variant {}: {}\n", i + 1, comparison.variants[i].label);
  return text + "\n";
}

std::string variants_text(const Comparison& comparison, const std::string& unit) {
  constexpr const char* kRow = "{:>7}  {:>5}  {:>8}  {:>9}  {:>8}  {:>7}  {:>10}  {:>8}\n";
  std::string text = fmt::format(fmt::runtime(kRow), "variant", "seeds", "accuracy", "deviation",
                                 "smallest", "largest", unit, "CPU s");
  for (std::size_t i = 0; i < comparison.variants.size(); ++i) {
    const auto& v = comparison.variants[i];
    const auto [low, high] = std::minmax_element(v.accuracies.begin(), v.accuracies.end());
    text += fmt::format(fmt::runtime(kRow), i + 1, v.seeds.size(), rate(v.mean),
                        v.seeds.size() < 2 ? "-" : rate(v.deviation), rate(*low), rate(*high),
                        fmt::format("{:.0f}", v.cost), fmt::format("{:.0f}", v.cpu_seconds));
  }
  return text;
}

std::size_t number_of(const Comparison& comparison, const std::string& label) {
  std::size_t i = 0;
  while (comparison.variants[i].label != label) ++i;
  return i + 1;
}

std::string differences_text(const Comparison& comparison) {
  if (comparison.differences.empty()) return "";
  std::string text = fmt::format(
      "\ndifference from variant 1, paired by problem and seed\n"
      "variant  {:>10}  {:<18}  by seed\n",
      "difference", "95 % interval");
  for (const auto& d : comparison.differences) {
    std::string seeds;
    for (const double value : d.by_seed) seeds += " " + signed_rate(value);
    const auto interval =
        fmt::format("[{}, {}]", signed_rate(d.ci95.low), signed_rate(d.ci95.high));
    text += fmt::format("{:>7}  {:>10}  {:<18} {}\n", number_of(comparison, d.label),
                        signed_rate(d.mean), interval, seeds);
  }
  return text;
}

std::string costs_text(const Comparison& comparison, const std::string& unit) {
  if (comparison.costs.empty()) return "";
  std::string text =
      fmt::format("\naccuracy after this many {}, by the runs' own curves\nvariant", unit);
  for (const double cost : comparison.costs) text += fmt::format("  {:>10.0f}", cost);
  text += "\n";
  for (std::size_t i = 0; i < comparison.variants.size(); ++i) {
    text += fmt::format("{:>7}", i + 1);
    for (const double value : comparison.variants[i].at_cost)
      text += fmt::format("  {:>10}", rate(value));
    text += "\n";
  }
  return text;
}

}  // namespace

std::string comparison_text(const Comparison& comparison, const std::string& cost_unit) {
  return fmt::format("greedy accuracy on the same {} held-out problems\n\n", comparison.problems) +
         variants_list(comparison) + variants_text(comparison, cost_unit) +
         differences_text(comparison) + costs_text(comparison, cost_unit);
}

nlohmann::ordered_json comparison_json(const Comparison& comparison, const std::string& cost_unit) {
  nlohmann::ordered_json json = {{"problems", comparison.problems}, {"cost", cost_unit}};
  json["variants"] = nlohmann::ordered_json::array();
  for (const auto& v : comparison.variants) {
    nlohmann::ordered_json at = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < v.at_cost.size(); ++i)
      at.push_back({{"cost", comparison.costs[i]}, {"accuracy", v.at_cost[i]}});
    json["variants"].push_back(
        {{"settings", v.label},
         {"seeds", v.seeds},
         {"accuracies", v.accuracies},
         {"mean", v.mean},
         {"deviation",
          v.seeds.size() < 2 ? nlohmann::ordered_json() : nlohmann::ordered_json(v.deviation)},
         {"cost", v.cost},
         {"cpu_seconds", v.cpu_seconds},
         {"at_cost", std::move(at)}});
  }
  json["differences"] = nlohmann::ordered_json::array();
  for (const auto& d : comparison.differences)
    json["differences"].push_back({{"settings", d.label},
                                   {"difference", d.mean},
                                   {"ci95", {d.ci95.low, d.ci95.high}},
                                   {"by_seed", d.by_seed}});
  return json;
}

}  // namespace qstar::serving

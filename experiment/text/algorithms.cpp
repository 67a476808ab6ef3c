#include "experiment/text/algorithms.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace qstar::experiment {
namespace {

constexpr std::array kAlgorithms = {
    AlgorithmName{"expert_iteration", "trains on right attempts", false},
    AlgorithmName{"search_guided", "trains on right attempts that Q* search found", true},
    AlgorithmName{"grpo", "policy gradient, advantages normalised within each attempt group",
                  false},
    AlgorithmName{"dr_grpo", "GRPO without division by the deviation or the length", false},
    AlgorithmName{"dapo", "GRPO with DAPO's clipping and penalty on long attempts", false},
    AlgorithmName{"ppo", "policy gradient, generalised advantage estimation over steps", false},
    AlgorithmName{"q_advantage", "policy gradient, advantages Q - V of every step", false},
};

}  // namespace

std::span<const AlgorithmName> algorithms() { return kAlgorithms; }

const AlgorithmName* find_algorithm(std::string_view name) {
  const auto* found = std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                                   [&](const auto& row) { return row.name == name; });
  return found == kAlgorithms.end() ? nullptr : found;
}

std::string_view algorithm_choices() {
  static const std::string choices = [] {
    std::vector<std::string_view> names;
    for (const auto& row : kAlgorithms) names.push_back(row.name);
    return fmt::format("{}", fmt::join(names, "|"));
  }();
  return choices;
}

}  // namespace qstar::experiment

// The algorithms by name. To add one, write its maker and add a row here.
#include "experiment/story/improvers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace qstar::experiment {
namespace {

constexpr std::array kRows = {
    Algorithm{"expert_iteration", "trains on right attempts", false, make_expert_iteration},
    Algorithm{"search_guided", "trains on right attempts that Q* search found", true,
              make_expert_iteration},
    Algorithm{"grpo", "policy gradient, advantages normalised within each attempt group", false,
              make_grpo},
    Algorithm{"dr_grpo", "GRPO without division by the deviation or the length", false,
              make_dr_grpo},
    Algorithm{"dapo", "GRPO with DAPO's clipping and penalty on long attempts", false, make_dapo},
    Algorithm{"ppo", "policy gradient, generalised advantage estimation over steps", false,
              make_ppo},
    Algorithm{"q_advantage", "policy gradient, advantages Q - V of every step", false,
              make_q_advantage},
};

}  // namespace

std::vector<std::string> algorithm_names() {
  std::vector<std::string> names;
  for (const auto& row : kRows) names.emplace_back(row.name);
  return names;
}

Result<Algorithm> find_algorithm(std::string_view name) {
  for (const auto& row : kRows)
    if (row.name == name) return row;
  return fail(Errc::kConfig, fmt::format("algorithms: \"{}\" is unknown; choose from {}", name,
                                         fmt::join(algorithm_names(), ", ")));
}

}  // namespace qstar::experiment

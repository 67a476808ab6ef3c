// The algorithms by name: a new one is its maker and a row here.
#include "story/improvers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace qstar {
namespace {

constexpr std::array kRows = {
    Algorithm{"expert_iteration", "right attempts become training data", false,
              make_expert_iteration},
    Algorithm{"search_guided", "what Q* finds becomes training data", true, make_expert_iteration},
    Algorithm{"grpo", "advantages within a group, over their deviation", false, make_grpo},
    Algorithm{"dr_grpo", "the same without deviation and length", false, make_dr_grpo},
    Algorithm{"dapo", "the same with DAPO's clips and a price on length", false, make_dapo},
    Algorithm{"ppo", "generalised advantages over steps, and a value model", false, make_ppo},
    Algorithm{"q_advantage", "Q of a step less that of its state", false, make_q_advantage},
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
  return fail(Errc::kConfig, fmt::format("algorithms: \"{}\" is none of {}", name,
                                         fmt::join(algorithm_names(), ", ")));
}

}  // namespace qstar

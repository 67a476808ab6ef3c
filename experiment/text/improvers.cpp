// The algorithms' makers. To add one, write its maker, and add a row here and in algorithms.cpp.
#include "experiment/text/improvers.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace qstar::experiment {
namespace {

using Make = std::unique_ptr<Improver> (*)(const ImproverParts& parts);
constexpr std::array<std::pair<std::string_view, Make>, 7> kMakers = {{
    {"expert_iteration", make_expert_iteration},
    {"search_guided", make_expert_iteration},
    {"grpo", make_grpo},
    {"dr_grpo", make_dr_grpo},
    {"dapo", make_dapo},
    {"ppo", make_ppo},
    {"q_advantage", make_q_advantage},
}};

}  // namespace

std::unique_ptr<Improver> make_improver(std::string_view algorithm, const ImproverParts& parts) {
  const auto* row = std::find_if(kMakers.begin(), kMakers.end(),
                                 [&](const auto& maker) { return maker.first == algorithm; });
  QSTAR_ASSERT(row != kMakers.end(), std::string(algorithm));
  return row->second(parts);
}

}  // namespace qstar::experiment

#include "experiment/text/stages.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "experiment/puzzle/cost_to_go.hpp"

namespace qstar::experiment {
namespace {

constexpr std::array<std::pair<std::string_view, StageFunction>, 10> kFunctions = {{
    {"pretrain", pretrain_stage},
    {"finetune", finetune_stage},
    {"judges", judges_stage},
    {"search", search_stage},
    {"feedback", feedback_stage},
    {"compare", compare_stage},
    {"selfplay", self_play_stage},
    {"reinforce", reinforce_stage},
    {"measure", measure_stage},
    {"cost_to_go", cost_to_go_stage},
}};

}  // namespace

StageFunction stage_function(std::string_view kind) {
  const auto* found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                   [&](const auto& row) { return row.first == kind; });
  return found == kFunctions.end() ? nullptr : found->second;
}

Result<MeasuredPolicy> measured(const Run& run, model::ModelFile policy, std::string_view name,
                                double cpu_seconds) {
  auto figures = run.evaluate(policy, name);
  if (!figures) return tl::unexpected(figures.error());
  const double evaluating = figures->at("greedy").at("cpu_seconds");
  return MeasuredPolicy{std::move(*figures),
                        {.file = std::move(policy),
                         .cpu_seconds = cpu_seconds,
                         .is_policy = true,
                         .evaluation_cpu_seconds = evaluating}};
}

}  // namespace qstar::experiment

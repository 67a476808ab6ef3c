// Every configured search, with every guide if it needs one, on the same held-out problems.
#include <fmt/format.h>

#include "experiment/text/stage_configs.hpp"
#include "experiment/text/stages.hpp"
#include "search/text/evaluate.hpp"

namespace qstar::experiment {
namespace {

struct Cell {
  SearchRow row;
  std::string guide;  // empty: none
};

std::vector<Cell> cells_of(const SearchTableConfig& config) {
  std::vector<Cell> cells;
  for (const auto& row : config.methods) {
    if (!search::make_search(row.name)->needs_guide()) {
      cells.push_back({row, ""});
      continue;
    }
    for (const auto& guide : config.guides) cells.push_back({row, guide});
  }
  return cells;
}

}  // namespace

Result<StageResult> search_stage(Run& run, const StageEntry& stage) {
  const auto& config = *stage.as<SearchTableConfig>();
  const auto policy = run.publish(run.model(config.policy), 1, config.policy);
  if (!policy) return tl::unexpected(policy.error());
  const auto problems =
      search::held_out_problems(run.environment(), run.config().evaluation.problems);
  const auto cells = cells_of(config);
  auto table = nlohmann::json::array();
  for (const auto& [row, guided_by] : cells) {
    AttemptTask task{.policy = *policy, .search = row.name, .how = row.how, .problems = problems};
    if (!guided_by.empty()) {
      auto guide = run.publish_scorer(run.model(guided_by), guided_by);
      if (!guide) return tl::unexpected(guide.error());
      task.guide = std::move(*guide);
    }
    const auto options = options_of(row);
    const auto label = fmt::format("{}.{}.{}.{}", stage.name, row.name, options, guided_by);
    auto figures = run.evaluate(std::move(task), label);
    if (!figures) return tl::unexpected(figures.error());
    figures->update({{"method", row.name},
                     {"options", options},
                     {"guide", guided_by},
                     {"budget", row.how.budget}});
    const double accuracy = figures->at("accuracy");
    table.push_back(std::move(*figures));
    if (auto on = run.host().show({stage.name,
                                   static_cast<std::int64_t>(table.size()),
                                   static_cast<std::int64_t>(cells.size()),
                                   {{"accuracy", accuracy}}});
        !on)
      return tl::unexpected(on.error());
  }
  return StageResult{std::move(table), {}};
}

}  // namespace qstar::experiment

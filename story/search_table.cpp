// Every configured search, with every guide if it needs one, on the same held-out problems.
#include <fmt/format.h>

#include "search/evaluate.hpp"
#include "story/stages.hpp"

namespace qstar {
namespace {

struct Cell {
  SearchRow row;
  std::string guide;  // empty: none
};

// The configuration has been checked, so every row parses.
std::vector<Cell> cells_of(const SearchTableConfig& config) {
  std::vector<Cell> cells;
  for (const auto& text : split(config.methods, ';')) {
    const auto row = parse_search_row(text).value();
    if (!make_search(row.method)->needs_guide()) {
      cells.push_back({row, ""});
      continue;
    }
    for (const auto& guide : split(config.guides, ',')) cells.push_back({row, guide});
  }
  return cells;
}

}  // namespace

Status search_stage(Story& story) {
  const auto policy = story.publish(story.models.at("base"), 1);
  if (!policy) return tl::unexpected(policy.error());
  const auto problems = held_out_problems(story.environment(), story.config().measure.problems);
  const auto cells = cells_of(story.config().search);
  auto table = nlohmann::json::array();
  for (const auto& [row, name] : cells) {
    AttemptTask task{.policy = *policy, .search = row.method, .how = row.how, .problems = problems};
    if (!name.empty()) {
      auto guide = story.engine().publish(story.models.at(name));
      if (!guide) return tl::unexpected(guide.error());
      task.guide = std::move(*guide);
    }
    const auto label = fmt::format("search.{}.{}.{}", row.method, row.options, name);
    auto figures = story.evaluate(std::move(task), label);
    if (!figures) return tl::unexpected(figures.error());
    figures->update({{"method", row.method},
                     {"options", row.options},
                     {"guide", name},
                     {"budget", row.how.budget}});
    const double accuracy = figures->at("accuracy");
    table.push_back(std::move(*figures));
    if (auto on = story.host().show({"search",
                                     static_cast<std::int64_t>(table.size()),
                                     static_cast<std::int64_t>(cells.size()),
                                     {{"accuracy", accuracy}}});
        !on)
      return on;
  }
  story.report["search"] = std::move(table);
  return {};
}

}  // namespace qstar

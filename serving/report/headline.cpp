#include "serving/report/headline.hpp"

#include <fmt/format.h>

#include "serving/report/report_stages.hpp"
#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

// The most accurate of the searches that the process reward model guided.
struct BestSearch {
  const json* search = nullptr;
  int guided = 0;  // searches that were compared

  void see(const json& searches) {
    if (!searches.is_array()) return;
    for (const auto& other : searches) {
      const auto accuracy = number_of(member(other, "accuracy"));
      if (member(other, "guide") != "prm" || !accuracy) continue;
      ++guided;
      if (search == nullptr || *accuracy > *number_of((*search)["accuracy"])) search = &other;
    }
  }
};

}  // namespace

std::vector<HeadlineStep> headline_steps(const json& report) {
  std::vector<HeadlineStep> steps;
  std::string base = "base";
  BestSearch best;
  const json* last = nullptr;
  for (const auto& stage : stages_of(report)) {
    const json& sampled = member(stage.results, "sampled");
    if (stage.kind == "pretrain" && steps.empty() && sampled.is_object()) {
      base = stage.name;
      steps.push_back({base + ", sampled", "one answer at temperature 1", sampled});
    }
    if (stage.kind == "search") best.see(stage.results);
    if (stage.kind == "reinforce") last = &member(stage.results, "greedy");
  }
  if (best.search != nullptr) {
    steps.push_back({base + ", " + words_of(member(*best.search, "method")) + " guided by the PRM",
                     fmt::format("{}; the best of {} searches with this guide on these problems",
                                 words_of(member(*best.search, "options")), best.guided),
                     *best.search});
  }
  if (last != nullptr && last->is_object()) {
    steps.push_back(
        {"final policy, greedy", "one answer; no search, no verifier, no reward model", *last});
  }
  if (best.search == nullptr && steps.size() < 2) steps.clear();
  return steps;
}

}  // namespace qstar::serving

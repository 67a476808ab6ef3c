#include "serving/report/story_headline.hpp"

#include <fmt/format.h>

#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

void add_search(const json& searches, std::vector<StoryStep>& steps) {
  const json* best = nullptr;
  int guided = 0;
  if (!searches.is_array()) return;
  for (const auto& search : searches) {
    const auto accuracy = number_of(member(search, "accuracy"));
    if (member(search, "guide") != "prm" || !accuracy) continue;
    ++guided;
    if (best == nullptr || *accuracy > *number_of((*best)["accuracy"])) best = &search;
  }
  if (best == nullptr) return;
  const std::string method = words_of(member(*best, "method"));
  const std::string options = words_of(member(*best, "options"));
  steps.push_back({"base, " + method + " guided by the PRM",
                   fmt::format("{}; the best of {} searches with this guide on these problems",
                               options, guided),
                   *best});
}

}  // namespace

std::vector<StoryStep> story_steps(const json& report) {
  std::vector<StoryStep> steps;
  const json& base = member(member(report, "base"), "sampled");
  if (base.is_object()) steps.push_back({"base, sampled", "one answer at temperature 1", base});
  add_search(member(report, "search"), steps);
  const json& last = member(member(report, "final"), "greedy");
  if (last.is_object()) {
    steps.push_back(
        {"final policy, greedy", "one answer; no search, no verifier, no reward model", last});
  }
  return steps;
}

}  // namespace qstar::serving

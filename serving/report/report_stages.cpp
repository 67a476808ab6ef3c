#include "serving/report/report_stages.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "serving/report/report_values.hpp"

namespace qstar::serving {
namespace {

using nlohmann::json;

constexpr std::size_t kNameLength = 200;

// The name of a stage whose configuration gives none.
std::string default_name(const std::string& kind) {
  static const std::map<std::string, std::string> names = {
      {"pretrain", "base"}, {"finetune", "sft"}, {"feedback", "rlhf"}};
  const auto found = names.find(kind);
  return found == names.end() ? kind : found->second;
}

void add_labels(std::vector<ReportedStage>& stages) {
  std::map<std::string, int> of_kind;
  for (const auto& stage : stages) ++of_kind[stage.kind];
  for (auto& stage : stages) {
    if (of_kind[stage.kind] > 1 || stage.name != default_name(stage.kind)) stage.label = stage.name;
  }
}

}  // namespace

bool is_stage_name(std::string_view name) {
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !name.empty() && name.size() <= kNameLength &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

std::string ReportedStage::titled(const std::string& title) const {
  return label.empty() ? title : title + ": " + label;
}

std::vector<ReportedStage> stages_of(const json& report) {
  std::vector<ReportedStage> stages;
  const json& list = member(report, "stages");
  if (!list.is_array()) return stages;
  std::set<std::string> names;
  for (const auto& stage : list) {
    const std::string name = words_of(member(stage, "name"));
    if (!is_stage_name(name) || !names.insert(name).second) continue;
    stages.push_back(
        {name, words_of(member(stage, "kind")), "", member(member(report, "results"), name)});
  }
  add_labels(stages);
  return stages;
}

std::string kind_of(const json& report) {
  const auto stages = stages_of(report);
  const bool is_puzzle = std::any_of(stages.begin(), stages.end(),
                                     [](const auto& stage) { return stage.kind == "cost_to_go"; });
  return is_puzzle ? "puzzle" : "text";
}

const json& results_of_last(const json& report, std::string_view kind) {
  static const json nothing;
  const auto stages = stages_of(report);
  const auto last = std::find_if(stages.rbegin(), stages.rend(),
                                 [kind](const auto& stage) { return stage.kind == kind; });
  return last == stages.rend() ? nothing : last->results;
}

}  // namespace qstar::serving

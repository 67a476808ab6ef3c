// The stages that a report lists, with their results.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace qstar::serving {

// Whether it can be part of a file's name: 1 to 200 letters, digits, "_" and "-".
bool is_stage_name(std::string_view name);

struct ReportedStage {
  std::string name, kind;
  std::string label;  // "" for the only stage of a kind with its default name, else name
  const nlohmann::json& results;  // null: none

  // The title, with the label where there is one: "Searches: NAME".
  std::string titled(const std::string& title) const;
};

// In the order of the report, which must outlive them; stages without a usable name or with that of
// an earlier one are left out.
std::vector<ReportedStage> stages_of(const nlohmann::json& report);

// "puzzle" for a run with a stage of kind "cost_to_go", else "text".
std::string kind_of(const nlohmann::json& report);

// The results of the last stage of this kind; null when there is none.
const nlohmann::json& results_of_last(const nlohmann::json& report, std::string_view kind);

}  // namespace qstar::serving

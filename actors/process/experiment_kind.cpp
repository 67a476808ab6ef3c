#include "actors/process/experiment_kind.hpp"

#include <algorithm>

#include "environment/registry.hpp"

namespace qstar::actors {

ExperimentKind kind_of(const ConfigText& config, std::span<const std::string> overrides) {
  if (!peek_config(config.toml, overrides, "experiment").empty()) return ExperimentKind::kStory;
  const auto name = peek_config(config.toml, overrides, "environment.name");
  const auto puzzles = environment::puzzle_names();
  const bool is_puzzle = std::find(puzzles.begin(), puzzles.end(), name) != puzzles.end();
  return is_puzzle ? ExperimentKind::kPuzzle : ExperimentKind::kText;
}

std::string_view to_string(ExperimentKind kind) {
  switch (kind) {
    case ExperimentKind::kStory: return "story";
    case ExperimentKind::kPuzzle: return "puzzle";
    case ExperimentKind::kText: break;
  }
  return "text";
}

}  // namespace qstar::actors

#include "cli/experiment_kind.hpp"

#include <algorithm>

#include "actors/experiment.hpp"
#include "actors/puzzle_experiment.hpp"
#include "story/story_config.hpp"

namespace qstar {
namespace {

template <class Config>
Result<std::string> settings_of(const ConfigText& text, std::span<const std::string> overrides) {
  Config config;
  if (auto read = parse_checked(text, overrides, config); !read)
    return tl::unexpected(read.error());
  return print_config(describe_of(config));
}

}  // namespace

ExperimentKind kind_of(const ConfigText& config, std::span<const std::string> overrides) {
  if (!peek_config(config.toml, overrides, "experiment").empty()) return ExperimentKind::kStory;
  const auto name = peek_config(config.toml, overrides, "environment.name");
  const auto puzzles = puzzle_names();
  const bool is_puzzle = std::find(puzzles.begin(), puzzles.end(), name) != puzzles.end();
  return is_puzzle ? ExperimentKind::kPuzzle : ExperimentKind::kText;
}

Result<std::string> checked_settings(const ConfigText& config,
                                     std::span<const std::string> overrides) {
  switch (kind_of(config, overrides)) {
    case ExperimentKind::kStory: return settings_of<StoryConfig>(config, overrides);
    case ExperimentKind::kPuzzle: return settings_of<PuzzleExperiment>(config, overrides);
    case ExperimentKind::kText: break;
  }
  return settings_of<ExperimentConfig>(config, overrides);
}

}  // namespace qstar

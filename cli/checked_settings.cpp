#include "cli/checked_settings.hpp"

#include "experiment/puzzle/puzzle_experiment.hpp"
#include "experiment/story/story_config.hpp"
#include "experiment/text/text_experiment.hpp"

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

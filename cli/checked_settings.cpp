#include "cli/checked_settings.hpp"

#include "experiment/puzzle/puzzle_experiment.hpp"
#include "experiment/story/story_config.hpp"
#include "experiment/text/text_experiment.hpp"

namespace qstar::cli {
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
  switch (actors::kind_of(config, overrides)) {
    case actors::ExperimentKind::kStory:
      return settings_of<experiment::StoryConfig>(config, overrides);
    case actors::ExperimentKind::kPuzzle:
      return settings_of<experiment::PuzzleExperiment>(config, overrides);
    case actors::ExperimentKind::kText: break;
  }
  return settings_of<experiment::ExperimentConfig>(config, overrides);
}

}  // namespace qstar::cli

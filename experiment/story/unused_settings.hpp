// Settings of a story that no stage of it reads.
#pragma once

#include "core/result.hpp"
#include "experiment/story/story_config.hpp"

namespace qstar::experiment {

// kConfig names the first one that has no effect, why, and what to do.
Status refuse_unused(const StoryConfig& config);

}  // namespace qstar::experiment

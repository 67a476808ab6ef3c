// The summary of a story in three steps: the accuracy of the base model, of the base model with the
// best guided search, and of the final policy alone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace qstar::serving {

struct StoryStep {
  std::string name;        // "base, sampled"
  std::string how;         // how the answers were generated
  nlohmann::json figures;  // an evaluation
};

// The steps that the report has: the base model at temperature 1; the most accurate of the searches
// guided by the process reward model ("prm"); the final policy with greedy decoding.
std::vector<StoryStep> story_steps(const nlohmann::json& report);

}  // namespace qstar::serving

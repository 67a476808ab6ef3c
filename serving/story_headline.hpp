// The story in three steps: what the base answers right, what a search makes of it, and what the
// final policy answers right alone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace qstar {

struct StoryStep {
  std::string name;        // "base, sampled"
  std::string how;         // what it is, for people who want to do it again
  nlohmann::json figures;  // an evaluation
};

// Those of the three that the report has: the base at temperature 1; of the searches that the
// process reward model guides ("prm") the one that is most often right; the final policy, greedy.
std::vector<StoryStep> story_steps(const nlohmann::json& report);

}  // namespace qstar

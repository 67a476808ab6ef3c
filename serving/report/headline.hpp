// The summary of a run on text: the accuracy of the pre-trained model, of that model with the best
// guided search, and of the policy that was trained last, alone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace qstar::serving {

struct HeadlineStep {
  std::string name;        // "base, sampled"
  std::string how;         // how the answers were generated
  nlohmann::json figures;  // an evaluation
};

// The steps that the report has: the pre-trained model at temperature 1; the most accurate of the
// searches guided by the process reward model ("prm"); the policy of the last stage of
// reinforcement learning with greedy decoding. Empty when there is no such search and just one
// step.
std::vector<HeadlineStep> headline_steps(const nlohmann::json& report);

}  // namespace qstar::serving

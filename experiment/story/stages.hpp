// The stages of a story, in order. Each reads the models and sections of earlier stages and adds
// its own.
#pragma once

#include <span>
#include <string_view>

#include "core/result.hpp"
#include "experiment/story/stage.hpp"

namespace qstar::experiment {

// Pre-training: next-token prediction on the noisy corpus. Adds the model "base".
Status base_stage(Story& story);
// Supervised fine-tuning on right solutions. Adds the model "sft".
Status fine_tuning_stage(Story& story);
// Trains "prm", "orm", "prm_completions" and "critic" (verifiers.models), and "prm_labels".
Status verifier_stage(Story& story);
// Measures every search with every guide.
Status search_stage(Story& story);
// Trains a preference model on rankings, and policies on its reward. Adds the model "preference".
Status feedback_stage(Story& story);
// Compares reinforcement learning algorithms at equal numbers of generated tokens.
Status reinforcement_stage(Story& story);
// Compares every reward that needs no preference model (rewards.hpp), with the same algorithm.
Status reward_stage(Story& story);
// Trains the final policy, which is deployed. Adds the model "final".
Status final_stage(Story& story);
// Compares self-play of a proposer and a solver with uniformly drawn problems.
Status self_play_stage(Story& story);
// Measures other domains, polluted contexts and the cost of the exact solver.
Status measurement_stage(Story& story);

struct Stage {
  std::string_view name;
  Status (*run)(Story& story);
  bool StagesConfig::*wanted = nullptr;  // the switch; null: always run
};
std::span<const Stage> stages();

}  // namespace qstar::experiment

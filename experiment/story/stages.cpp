#include "experiment/story/stages.hpp"

#include <array>

namespace qstar::experiment {

std::span<const Stage> stages() {
  static constexpr std::array kStages = {
      Stage{"base", base_stage},
      Stage{"sft", fine_tuning_stage, &StagesConfig::sft},
      Stage{"verifiers", verifier_stage, &StagesConfig::verifiers},
      Stage{"search", search_stage, &StagesConfig::search},
      Stage{"rlhf", feedback_stage, &StagesConfig::rlhf},
      Stage{"rl", reinforcement_stage, &StagesConfig::rl},
      Stage{"rewards", reward_stage, &StagesConfig::rewards},
      Stage{"selfplay", self_play_stage, &StagesConfig::selfplay},
      Stage{"final", final_stage},
      Stage{"measurements", measurement_stage, &StagesConfig::measurements},
  };
  return kStages;
}

}  // namespace qstar::experiment

// The stages of a story, in order. Each reads what earlier ones left in the story and leaves a
// section of the report and the models it made.
#pragma once

#include <span>
#include <string_view>

#include "core/result.hpp"
#include "story/stage.hpp"

namespace qstar {

// Next-token prediction on the noisy corpus: models "base".
Status base_stage(Story& story);
// The same on right work alone: models "sft".
Status fine_tuning_stage(Story& story);
// PRM, ORM, a PRM by completions, and the critic: models of those names.
Status verifier_stage(Story& story);
// Every search with every guide.
Status search_stage(Story& story);
// A preference model from rankings, and policies that learn against it: models "preference".
Status feedback_stage(Story& story);
// Algorithms of reinforcement learning at equal generated tokens.
Status reinforcement_stage(Story& story);
// The same algorithm, paid by every reward that needs no preference model (rewards.hpp).
Status reward_stage(Story& story);
// The deployed policy: models "final".
Status final_stage(Story& story);
// A setter and a solver, against problems drawn uniformly.
Status self_play_stage(Story& story);
// Other domains, polluted contexts, the calculator.
Status measurement_stage(Story& story);

struct Stage {
  std::string_view name;
  Status (*run)(Story& story);
  bool StagesConfig::*wanted = nullptr;  // null: always
};
std::span<const Stage> stages();

}  // namespace qstar

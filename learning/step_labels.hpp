// What reward models are taught: a target in [0, 1] for every step of an attempt, not a number
// where there is no label. Pure functions; label_file.hpp reads what people said.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/models.hpp"
#include "core/trajectory.hpp"
#include "environment/environment.hpp"

namespace qstar {

// What to say of the steps after the first wrong one.
enum class AfterWrong : std::uint8_t {
  kWrong,      // a right rewriting of a wrong line does not save it
  kUnlabelled  // nothing: people stop there too (Lightman et al. 2023)
};
// From the exact verdicts: 1 while it and all steps before it are right, 0 for the first wrong one.
// No label from the first step that was not judged.
std::vector<float> exact_labels(const Trajectory& attempt, AfterWrong after);

// The outcome as the target (Cobbe et al. 2021): 1 for a win, at every step or at the last alone.
enum class OutcomeAt : std::uint8_t { kEveryStep, kLastStep };
std::vector<float> outcome_labels(const Trajectory& attempt, OutcomeAt where);

// Monte-Carlo labels (Wang et al. 2024, "Math-Shepherd", arXiv 2312.08935): a step is as good as
// what a policy makes of it.
struct RolloutOptions {
  std::int64_t samples = 8;      // completions of every prefix
  double temperature = 1;        // of sampling, > 0
  std::int32_t max_tokens = 96;  // a completion; one that needs more is lost
  std::uint64_t seed = 0;
};
struct RolloutEstimate {
  std::int64_t samples = 0;  // completions made; 0 where the policy cannot continue from there
  std::int64_t wins = 0;     // of them, with a right answer
  friend bool operator==(const RolloutEstimate&, const RolloutEstimate&) = default;
};
// One a step of every attempt, all completions in one batch. The last step of a finished attempt
// needs none: its outcome is its one sample. A last step cut off before its separator has none. An
// attempt's estimates depend on its id, the options and the policy, not on its neighbours.
std::vector<std::vector<RolloutEstimate>> rollout_estimates(const Environment& environment,
                                                            Policy& policy,
                                                            std::span<const Trajectory> attempts,
                                                            const RolloutOptions& options);
// The completed attempts themselves, by attempt, prefix and completion; prefixes that the policy
// cannot take have none. `id` is the attempt's, so that whoever keeps them has to number them;
// `seed` is that of the policy's own steps, behind the prefix.
struct Continuation {
  std::size_t own_steps = 0;  // the last so many are the policy's
  Trajectory whole;           // judged
};
std::vector<Continuation> continuations(const Environment& environment, Policy& policy,
                                        std::span<const Trajectory> attempts,
                                        const RolloutOptions& options);
// Hard: 1 when any completion won. Soft: the share that won. Not a number without samples.
enum class RolloutLabel : std::uint8_t { kHard, kSoft };
std::vector<float> rollout_labels(std::span<const RolloutEstimate> estimates, RolloutLabel kind);

}  // namespace qstar

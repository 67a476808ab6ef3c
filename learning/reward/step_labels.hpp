// Labels of reward models: a target in [0, 1] for every step of an attempt, NaN for a step without
// a label. Pure functions; data/label_file.hpp reads ratings by people.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/trajectory.hpp"
#include "environment/environment.hpp"
#include "model/models.hpp"

namespace qstar::learning {

// The label of the steps after the first wrong one.
enum class AfterWrong : std::uint8_t {
  kWrong,      // wrong: a right rewriting of a wrong line is still wrong work
  kUnlabelled  // none: people stop labelling there, too (Lightman et al. 2023)
};
// Labels from exact verdicts: 1 for a step when it and all steps before it are right, 0 for the
// first wrong one. No labels from the first step on that has no verdict.
std::vector<float> exact_labels(const Trajectory& attempt, AfterWrong after);

// The outcome as the label (Cobbe et al. 2021): 1 for a win, at every step or only at the last.
enum class OutcomeAt : std::uint8_t { kEveryStep, kLastStep };
std::vector<float> outcome_labels(const Trajectory& attempt, OutcomeAt where);

// Monte-Carlo labels (Wang et al. 2024, "Math-Shepherd", arXiv 2312.08935): a step is as good as
// the share of a policy's completions from it that win.
struct RolloutOptions {
  std::int64_t samples = 8;      // completions per prefix
  double temperature = 1;        // of sampling, > 0
  std::int32_t max_tokens = 96;  // per completion; one that needs more is lost
  std::uint64_t seed = 0;
};
struct RolloutEstimate {
  std::int64_t samples = 0;  // completions; 0 when the policy cannot continue from there
  std::int64_t wins = 0;     // completions with a right answer
  friend bool operator==(const RolloutEstimate&, const RolloutEstimate&) = default;
};
// One estimate per step of every attempt, all completions in one batch. The last step of a finished
// attempt needs no completion: the outcome is its one sample. A last step cut off before its
// separator has no samples. An attempt's estimates depend on its id, the options and the policy,
// not on other attempts.
std::vector<std::vector<RolloutEstimate>> rollout_estimates(
    const environment::Environment& environment, model::Policy& policy,
    std::span<const Trajectory> attempts, const RolloutOptions& options);
// The completed attempts themselves, in order of attempt, prefix and completion; prefixes that the
// policy cannot continue have none. Each has the id of its original attempt, so that the caller
// must renumber them before storing; `seed` is that of the policy's own steps behind the prefix.
struct Continuation {
  std::size_t own_steps = 0;  // number of steps at the end that the policy added
  Trajectory whole;           // judged
};
std::vector<Continuation> continuations(const environment::Environment& environment,
                                        model::Policy& policy, std::span<const Trajectory> attempts,
                                        const RolloutOptions& options);
// Hard: 1 when any completion won. Soft: the share that won. NaN without samples.
enum class RolloutLabel : std::uint8_t { kHard, kSoft };
std::vector<float> rollout_labels(std::span<const RolloutEstimate> estimates, RolloutLabel kind);

}  // namespace qstar::learning

// The stages, each a function of the run and of its settings (run_stages.hpp).
#pragma once

#include <string_view>

#include "experiment/run_stages.hpp"

namespace qstar::experiment {

// Pre-training: next-token prediction on the noisy corpus.
Result<StageResult> pretrain_stage(Run& run, const StageEntry& stage);
// Supervised fine-tuning on right solutions.
Result<StageResult> finetune_stage(Run& run, const StageEntry& stage);
// Reward models and a critic, trained on a policy's attempts.
Result<StageResult> judges_stage(Run& run, const StageEntry& stage);
// Every search with every guide.
Result<StageResult> search_stage(Run& run, const StageEntry& stage);
// A preference model trained on rankings, and policies on its reward.
Result<StageResult> feedback_stage(Run& run, const StageEntry& stage);
// Reinforcement learning with each algorithm and reward, on the same problems and seeds.
Result<StageResult> compare_stage(Run& run, const StageEntry& stage);
// Self-play of a proposer and a solver, compared with uniformly drawn problems.
Result<StageResult> self_play_stage(Run& run, const StageEntry& stage);
// One run of reinforcement learning.
Result<StageResult> reinforce_stage(Run& run, const StageEntry& stage);
// Other domains, polluted contexts and the cost of the exact solver.
Result<StageResult> measure_stage(Run& run, const StageEntry& stage);

// The function of every kind of stage, that of puzzles included; null for another word.
StageFunction stage_function(std::string_view kind);

// The figures of a policy, {"greedy", "sampled"}, and the policy as a model of the run with the
// costs of its training and of its greedy evaluation.
struct MeasuredPolicy {
  nlohmann::json figures;
  TrainedModel model;
};
Result<MeasuredPolicy> measured(const Run& run, model::ModelFile policy, std::string_view name,
                                double cpu_seconds);

}  // namespace qstar::experiment

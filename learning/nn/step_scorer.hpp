// The network that scores steps: the policy's trunk plus one block and a scalar head, read at the
// separator that closes a step. The critic and the reward models are this network with different
// training targets.
//
// With dueling heads (learning/critic/critic_learner.hpp) a second head is read at the separator
// before the step, and the two are added.
//
// The extra block also receives the trunk's own log p(token) and log p − max log p, clamped at −8
// and halved. Without them it separates right steps from wrong ones hardly better than chance.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "data/trajectory.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/nn/transformer.hpp"
#include "learning/policy/batch.hpp"

namespace qstar::learning::nn {

// Attempts as rows of tokens, and the places where their steps end.
struct StepRows {
  TokenBatch batch;                             // with the requested weights on solution tokens
  std::vector<std::int64_t> prompt;             // tokens before the first step
  std::vector<std::vector<std::int64_t>> ends;  // place of each closed step's separator
};
// Encodes attempts as text_of() writes them. A last step that was cut off has no end, so its target
// is ignored; an attempt that cannot be encoded has no steps. `weights`: one per row, for the
// language-model loss.
StepRows rows_of(const model::Tokenizer& tokenizer, std::span<const Trajectory* const> attempts,
                 std::span<const float> weights);

// A copy of the policy's weights with the block and head added, their outputs zero.
Parameters scorer_parameters(const model::ModelFile& policy, std::uint64_t seed,
                             ScorerHeads heads = ScorerHeads::kPlain);

struct StepScores {
  at::Tensor scores;      // [B,T] logits; meaningful only where steps end
  at::Tensor logits;      // [B,T,V] of the trunk
  at::Tensor advantages;  // [B,T] A of dueling heads; otherwise the scores themselves
};
StepScores score_steps(const Parameters& parameters, const model::ModelSpec& spec,
                       const at::Tensor& tokens);

// Probabilities at the end of every closed step.
std::vector<std::vector<float>> read_scores(const StepRows& rows, const at::Tensor& logits);
// The values at the places where steps end, row by row: [steps].
at::Tensor at_ends(const StepRows& rows, const at::Tensor& of_places);
// Probabilities of the last step of each text (";problem=step=step=").
std::vector<float> score_texts(const Parameters& parameters, const model::ModelSpec& spec,
                               const model::Tokenizer& tokenizer,
                               std::span<const std::string> texts);

// Targets and weights of the tokens of steps: a step's target at all of its tokens, with full
// weight at its end and the share `inside` of it before.
struct StepTargets {
  at::Tensor values, weights;  // [B,T]
  explicit StepTargets(const StepRows& rows);
  // Sets the targets of one row; steps whose target is NaN are left out.
  void teach(const StepRows& rows, std::size_t row, std::span<const float> targets, float inside,
             float weight);
};

}  // namespace qstar::learning::nn

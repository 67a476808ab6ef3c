// The network that scores steps: the policy's trunk plus one block and a scalar head, read at the
// separator that closes a step. The critic and the reward models are this network; they differ in
// what they are taught.
//
// With dueling heads (learning/critic_learner.hpp) a second head is read at the separator before
// the step, and the two are added.
//
// Essential input of the extra block: the trunk's own log p(token) and log p − max log p, clamped
// at −8 and halved. Without them it tells right steps from wrong ones hardly better than chance.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "core/trajectory.hpp"
#include "learning/batch.hpp"
#include "learning/critic_learner.hpp"
#include "learning/nn/transformer.hpp"

namespace qstar::nn {

// Attempts as rows of tokens, and where in its row each step ends.
struct StepRows {
  TokenBatch batch;                             // weights: as asked for, on solution tokens
  std::vector<std::int64_t> prompt;             // tokens before the first step
  std::vector<std::vector<std::int64_t>> ends;  // place of each closed step's separator
};
// As text_of() writes them, so a last step that was cut off has no end, and what it would be taught
// is left out; an attempt that does not encode has no steps. `weights`: one a row, for the
// language-model loss.
StepRows rows_of(const Tokenizer& tokenizer, std::span<const Trajectory* const> attempts,
                 std::span<const float> weights);

// A copy of the policy's weights with the block and head added, their outputs zero.
Parameters scorer_parameters(const ModelFile& policy, std::uint64_t seed,
                             ScorerHeads heads = ScorerHeads::kPlain);

struct StepScores {
  at::Tensor scores;      // [B,T] logits; meant to be read where steps end
  at::Tensor logits;      // [B,T,V] of the trunk
  at::Tensor advantages;  // [B,T] A of dueling heads; otherwise the scores themselves
};
StepScores score_steps(const Parameters& parameters, const ModelSpec& spec,
                       const at::Tensor& tokens);

// Probabilities at the end of every closed step.
std::vector<std::vector<float>> read_scores(const StepRows& rows, const at::Tensor& logits);
// What stands where steps end, row by row: [steps].
at::Tensor at_ends(const StepRows& rows, const at::Tensor& of_places);
// Probabilities of the last step of each text (";problem=step=step=").
std::vector<float> score_texts(const Parameters& parameters, const ModelSpec& spec,
                               const Tokenizer& tokenizer, std::span<const std::string> texts);

// What the tokens of steps are taught: a step's target at all of its tokens, with full weight at
// its end and `inside` of it before.
struct StepTargets {
  at::Tensor values, weights;  // [B,T]
  explicit StepTargets(const StepRows& rows);
  // Steps whose target is not a number are left out.
  void teach(const StepRows& rows, std::size_t row, std::span<const float> targets, float inside,
             float weight);
};

}  // namespace qstar::nn

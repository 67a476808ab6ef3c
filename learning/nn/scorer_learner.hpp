// The common part of critic and reward learners: a network that scores steps (step_scorer.hpp), its
// optimiser, the number of updates, and saving all of them. The learners differ in their targets.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "learning/nn/optimizer.hpp"
#include "learning/nn/step_scorer.hpp"
#include "model/models.hpp"

namespace qstar::learning::nn {

struct ScorerLearner {
  model::ModelSpec spec;
  model::Tokenizer tokenizer;
  Parameters online;
  Optimizer optimizer;
  std::int64_t updates = 0;

  // Takes spec and alphabet from `policy`; `parameters` have the names and shapes of
  // scorer_parameters.
  ScorerLearner(const model::ModelFile& policy, Parameters parameters);

  // Probabilities of every closed step of every attempt; empty for attempts that cannot be encoded.
  std::vector<std::vector<float>> step_scores(std::span<const Trajectory> attempts) const;
  std::vector<float> scores(std::span<const model::StepQuery> queries) const;

  model::ModelFile model(const std::string& role) const;
  // Counter, weights, `more` weights and the optimiser's moments as bytes; load restores them.
  // kCorrupt names `source`, and the tensor, when the bytes do not fit or a number is not finite;
  // then nothing has changed.
  std::string save(const Parameters& more = {}) const;
  Status load(std::string_view bytes, std::string_view source, const Parameters& more = {});

 private:
  Status restore(std::string_view bytes, const Parameters& more);
};

}  // namespace qstar::learning::nn

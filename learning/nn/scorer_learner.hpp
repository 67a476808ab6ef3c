// What the critic and the reward models share: a network that scores steps (step_scorer.hpp), its
// optimiser, the count of its updates, and their bytes. They differ in what they teach it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/models.hpp"
#include "core/result.hpp"
#include "learning/nn/optimizer.hpp"
#include "learning/nn/step_scorer.hpp"

namespace qstar::nn {

struct ScorerLearner {
  ModelSpec spec;
  Tokenizer tokenizer;
  Parameters online;
  Optimizer optimizer;
  std::int64_t updates = 0;

  // `policy`: where spec and alphabet come from; `parameters`: scorer_parameters' names and shapes.
  ScorerLearner(const ModelFile& policy, Parameters parameters);

  // Probabilities of every closed step of every attempt; attempts that do not encode give none.
  std::vector<std::vector<float>> step_scores(std::span<const Trajectory> attempts) const;
  std::vector<float> scores(std::span<const StepQuery> queries) const;

  ModelFile model(const std::string& role) const;
  // Counter, weights, `more` weights and the optimiser's moments. load is the exact inverse;
  // kCorrupt names `what` was saved, and then nothing has changed.
  std::string save(const Parameters& more = {}) const;
  Status load(std::string_view bytes, std::string_view what, const Parameters& more = {});

 private:
  bool restore(std::string_view bytes, const Parameters& more);
};

}  // namespace qstar::nn

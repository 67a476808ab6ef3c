// Teaching reward models and critics on attempts, and measuring what they learned.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "learning/critic_learner.hpp"
#include "learning/reward_learner.hpp"
#include "story/stage.hpp"

namespace qstar {

// Optimiser steps of a process or outcome model on examples drawn from these, with replacement.
Status teach(Story& story, RewardLearner& learner, std::span<const LabelledAttempt> examples,
             const RewardConfig& config, std::string_view label);
// The same of a preference model.
Status teach(Story& story, RewardLearner& learner, std::span<const RankedPair> pairs,
             const RewardConfig& config, std::string_view label);
// The same of a critic, on groups.
Status teach(Story& story, CriticLearner& critic, std::span<const AttemptGroup> groups,
             std::int64_t updates, const CriticConfig& config, std::string_view label);

// Scores of the steps of every attempt, in slices that fit the caches; what does not encode has
// none.
std::vector<std::vector<float>> scores_in_slices(RewardLearner& learner,
                                                 std::span<const Trajectory> attempts);
std::vector<std::vector<float>> scores_in_slices(CriticLearner& critic,
                                                 std::span<const Trajectory> attempts);

// Predicted probabilities against what happened, in ten bins of equal width.
struct Calibration {
  struct Bin {
    double mean = 0, rate = 0;  // of the predictions in the bin, and of what happened
    std::int64_t n = 0;
  };
  std::vector<Bin> bins = std::vector<Bin>(10);
  // Σ n |mean − rate| / Σ n (Naeini et al. 2015); 0 of nothing.
  double error() const;
};
Calibration calibration_of(std::span<const std::pair<float, bool>> predictions);

}  // namespace qstar

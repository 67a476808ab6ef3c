// Training of reward models and critics on attempts, and their calibration.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "experiment/run.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/reward/reward_learner.hpp"

namespace qstar::experiment {

// Trains a process or outcome reward model on examples drawn with replacement. `label` names the
// random stream and the progress. kConfig when there are no examples.
Status teach(Run& run, learning::RewardLearner& learner,
             std::span<const learning::LabelledAttempt> examples,
             const learning::RewardConfig& config, std::string_view label);
// The same for a preference model.
Status teach(Run& run, learning::RewardLearner& learner,
             std::span<const learning::RankedPair> pairs, const learning::RewardConfig& config,
             std::string_view label);
// The same for a critic, on attempt groups.
Status teach(Run& run, learning::CriticLearner& critic, std::span<const AttemptGroup> groups,
             std::int64_t updates, const learning::CriticConfig& config, std::string_view label);

// Scores of the steps of every attempt, computed in slices that fit the caches; an attempt that
// does not encode has none.
std::vector<std::vector<float>> scores_in_slices(learning::RewardLearner& learner,
                                                 std::span<const Trajectory> attempts);
std::vector<std::vector<float>> scores_in_slices(learning::CriticLearner& critic,
                                                 std::span<const Trajectory> attempts);

// Predicted probabilities compared with observed frequencies, in ten bins of equal width.
struct Calibration {
  struct Bin {
    double mean = 0, rate = 0;  // mean prediction, observed frequency
    std::int64_t n = 0;
  };
  std::vector<Bin> bins = std::vector<Bin>(10);
  // Expected calibration error, Σ n |mean − rate| / Σ n (Naeini et al. 2015); 0 without
  // predictions.
  double error() const;
};
Calibration calibration_of(std::span<const std::pair<float, bool>> predictions);

}  // namespace qstar::experiment

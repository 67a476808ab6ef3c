// The result of a reinforcement learning run.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/run.hpp"

namespace qstar::experiment {

// Attempts of a run, as the store has them.
struct AttemptCounts {
  std::int64_t n = 0, wins = 0;
  std::int64_t lucky = 0;  // wins with a wrong step
  void add(const std::vector<AttemptGroup>& groups);
};

struct Reinforced {
  model::ModelFile policy;
  std::optional<model::ModelFile> critic;  // that learned beside it
  std::int64_t tokens = 0;                 // generated
  std::int64_t rounds = 0;
  std::int64_t critic_updates = 0;
  AttemptCounts attempts;
  std::optional<std::int64_t> tokens_to_target;
  double cpu_seconds = 0;  // of all processes, without the quick evaluations
  // Seconds of the learner's thread, and those that it waited for attempts and evaluations.
  double wall_seconds = 0, waited_seconds = 0;
  // Seconds that all executors together worked, and waited for tasks.
  double executors_busy = 0, executors_idle = 0;
  // One point per evaluated round: {"tokens", "accuracy"} after it, and "lucky", "reward", "kl", …
  // of its attempts.
  nlohmann::json curve = nlohmann::json::array();
  // Whether the policy was right: [points of the curve][problems].
  std::vector<std::vector<bool>> quick_evaluations;
  // Of the critic (critic_trainer.hpp); empty: there is none.
  std::map<std::string, double> critic_figures;

  // {"greedy", "sampled", "tokens", "cpu_seconds", "lucky", "curve", …} for the report. Evaluates
  // the policy.
  Result<nlohmann::json> figures(const Run& run, std::string_view name) const;
};

// For saves: all but the models. The reader throws nlohmann::json::exception.
nlohmann::json json_of(const Reinforced& result);
Reinforced reinforced_of(const nlohmann::json& saved);

}  // namespace qstar::experiment

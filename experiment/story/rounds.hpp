// What a reinforcement learning run has under way, and its results so far, as JSON for its saves.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiment/story/reinforce.hpp"

namespace qstar::experiment {

// A round whose attempts are being made.
struct PendingRound {
  ProblemSource::Proposal proposal;
  PolicyRef policy;
  std::int64_t first_group = 0;  // within the run
  std::vector<TaskId> parts = {};
};

// A policy whose quick evaluation is under way, and the round behind it.
struct PendingMeasurement {
  PolicyRef policy;
  std::vector<TaskId> parts = {};
  std::int64_t tokens = 0;  // generated, after the round
  std::map<std::string, double> values;
};

// All but the tasks, which are submitted again. The readers throw nlohmann::json::exception.
nlohmann::json json_of(const PendingRound& pending);
nlohmann::json json_of(const PendingMeasurement& measurement);
PendingRound pending_round_of(const nlohmann::json& saved);
PendingMeasurement pending_measurement_of(const nlohmann::json& saved);

// All but the policy.
nlohmann::json json_of(const Reinforced& result);
Reinforced reinforced_of(const nlohmann::json& saved);

}  // namespace qstar::experiment

// The rounds of a reinforcement learning run that are learned from and not reported yet, each with
// the quick evaluation of the policy behind it if one was ordered.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiment/run.hpp"

namespace qstar::experiment {

struct LearnedRound {
  PolicyRef policy;                     // after the round
  bool evaluated = false;               // it is a point of the learning curve
  std::int64_t tokens = 0, rounds = 0;  // of the run, after the round
  std::map<std::string, double> values;
};

class MeasurementsUnderWay {
 public:
  explicit MeasurementsUnderWay(Run& run) : run_(run) {}

  void begin(LearnedRound round);
  std::size_t size() const { return pending_.size(); }
  // Waits for the oldest one. An error: it stays under way.
  struct Noted {
    LearnedRound round;
    std::vector<bool> right;  // by problem; empty: it was not evaluated
    double cpu_seconds = 0;
  };
  Result<Noted> next();
  void withdraw();

  bool uses(const ModelHash& model) const;
  // Without the tasks, which restore() submits again. restore: false when `has` lacks a model;
  // throws nlohmann::json::exception.
  nlohmann::json save() const;
  bool restore(const nlohmann::json& saved, const std::function<bool(const ModelHash&)>& has);

 private:
  struct Pending {
    LearnedRound round;
    std::vector<TaskId> parts;
  };
  Run& run_;
  std::deque<Pending> pending_;
};

}  // namespace qstar::experiment

// The evaluations that a run has ordered and not received yet. A run that is stopped meanwhile
// keeps them in its checkpoint, and orders them again when it is resumed. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "core/result.hpp"
#include "persistence/checkpoint.hpp"

namespace qstar {

struct PendingEvaluation {
  std::string what;  // "base", "curve" or "final"
  bool sampled = false;
  std::int64_t problems = 0;
  nlohmann::json point;  // when it was ordered, for the learning curve
  std::string model;     // safetensors bytes
};

class PendingEvaluations {
 public:
  std::uint64_t add(PendingEvaluation evaluation);
  // Takes it out: it is done. Once per number that add() gave.
  PendingEvaluation take(std::uint64_t number);
  const std::map<std::uint64_t, PendingEvaluation>& all() const { return all_; }
  std::int64_t size() const { return static_cast<std::int64_t>(all_.size()); }
  bool empty() const { return all_.empty(); }

  // As a JSON list and, for models other than the newest one, parts of a checkpoint.
  nlohmann::json save(const std::string& newest_model, CheckpointParts& parts) const;
  // kCorrupt: the list is not one that save() made.
  static Result<PendingEvaluations> load(const nlohmann::json& list, const CheckpointParts& parts);

 private:
  std::map<std::uint64_t, PendingEvaluation> all_;
  std::uint64_t next_ = 0;
};

}  // namespace qstar

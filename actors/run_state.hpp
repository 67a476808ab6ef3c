// Where a run stands: the counters that a checkpoint keeps and a report tells.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace qstar {

enum class Phase : std::uint8_t { kPretrain, kReinforce, kFinished };

struct RunState {
  Phase phase = Phase::kPretrain;
  std::int64_t pretrain_steps = 0;
  std::int64_t policy_updates = 0;
  std::int64_t critic_updates = 0;
  std::uint64_t version = 0;  // newest published weights; 1 is the base
  std::uint64_t next_task = 0;
  std::vector<std::uint64_t> unfinished;  // tasks that were out
  std::uint64_t pretrain_tokens = 0;
  std::uint64_t trained_tokens = 0;  // by policy and critic, padding included
  std::uint64_t generated_tokens = 0;
  std::uint64_t attempts = 0, wins = 0, lucky = 0;
  double cpu_seconds = 0;  // of earlier processes of this run
  double wall_seconds = 0;
  nlohmann::json base = nlohmann::json::object();
  nlohmann::json curve = nlohmann::json::array();
  nlohmann::json critic = nlohmann::json::object();
  nlohmann::json final_ = nlohmann::json::object();
};

std::string_view to_string(Phase phase);
std::string save(const RunState& state);
Result<RunState> load_run_state(std::string_view bytes);  // kCorrupt

}  // namespace qstar

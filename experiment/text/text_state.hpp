// How far a text experiment has come: its saves keep it, and its report shows it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "data/trajectory.hpp"
#include "experiment/engine.hpp"
#include "experiment/text/text_experiment.hpp"

namespace qstar::experiment {

// Attempts under way: those that a version of the policy will learn from.
struct OrderedVersion {
  std::uint64_t version = 0;         // that learns from them, from 1
  PolicyRef policy;                  // makes them
  ModelHash critic;                  // scores their steps; empty: they are not scored
  std::uint64_t critic_updates = 0;  // of that critic
  std::uint64_t first = 0;           // number of the first lease that is not collected yet
};

// A measurement of a policy on held-out problems that is under way.
struct OrderedEvaluation {
  std::string what;  // "base", "curve" or "final"
  bool sampled = false;
  std::int64_t problems = 0;
  nlohmann::json point;  // when it was ordered, for the learning curve
  ModelHash policy;
};

struct TextState {
  bool finished = false;
  std::int64_t pretrain_steps = 0;
  std::int64_t policy_updates = 0;
  std::int64_t critic_updates = 0;
  std::uint64_t version = 0;  // newest published weights; 1 is the base, 0: there are none yet
  ModelHash policy, critic;   // the newest published ones
  std::vector<OrderedVersion> ordered;
  std::vector<OrderedEvaluation> evaluations;
  std::uint64_t leases = 0;     // collected and stored
  bool assessment_due = false;  // of the critic, after the newest version
  std::uint64_t pretrain_tokens = 0;
  std::uint64_t trained_tokens = 0;  // by policy and critic, padding included
  std::uint64_t generated_tokens = 0;
  std::uint64_t attempts = 0, wins = 0, lucky = 0;
  double cpu_seconds = 0;  // of all processes so far
  EngineTimes times;       // of all sessions so far
  nlohmann::json base = nlohmann::json::object();
  nlohmann::json curve = nlohmann::json::array();
  nlohmann::json critic_figures = nlohmann::json::object();
  nlohmann::json final_ = nlohmann::json::object();
};

// Updates of the policy after which the present version is replaced by the next.
std::int64_t version_end(const TextState& state, const ExperimentConfig& config);
// The oldest version whose attempts may still be trained on.
std::uint64_t oldest_allowed(const TextState& state, const ExperimentConfig& config);

// Before a run continues with another rl.versions: kConfig when it has made more already; a
// finished run with fewer is not finished any more.
Status extend(TextState& state, const ExperimentConfig& config);

// Adds a group's attempts to the counters.
void count(const AttemptGroup& group, TextState& state);

// The figures of an evaluation.
struct Evaluated {
  double accuracy = 0;
  double low = 0, high = 0;  // 95 % interval
  std::int64_t n = 0;
  double tokens_per_problem = 0;
  double cpu_seconds = 0;
};
// Keeps an evaluation for the report.
void record(TextState& state, const OrderedEvaluation& evaluation, const Evaluated& figures);

// The label of its saves.
inline constexpr const char* kTextLabel = "text";
// That a part of the checkpoint is missing or damaged: kCorrupt.
Status damaged_part(std::string_view part);

std::string save(const TextState& state);
Result<TextState> load_text_state(std::string_view bytes);  // kCorrupt

}  // namespace qstar::experiment

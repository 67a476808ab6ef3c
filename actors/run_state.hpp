// The counters of a run, which its checkpoints keep and its report shows.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "actors/experiment.hpp"
#include "core/result.hpp"
#include "persistence/store.hpp"

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
  nlohmann::json evaluations = nlohmann::json::array();  // ordered, see PendingEvaluations
};

// Updates of the policy after which the present version is replaced by the next.
std::int64_t version_end(const RunState& run, const ExperimentConfig& config);
// The oldest version whose attempts may still be trained on.
std::uint64_t oldest_allowed(const RunState& run, const ExperimentConfig& config);
// Updates of the critic that the versions so far call for and that are not done yet.
std::int64_t critic_due(const RunState& run, const ExperimentConfig& config);
// How many of them to make next: the rest of one version's, so that a checkpoint never waits for
// long and the critic is measured after every version's, also when a stop cut some short.
std::int64_t next_critic_updates(const RunState& run, const ExperimentConfig& config);

// Before a run continues with another rl.versions: kConfig when it has made more already; a
// finished run with fewer is in its reinforcement phase again.
Status extend(RunState& run, const ExperimentConfig& config);

// After a restart: what the store holds that the checkpoint did not know as done is counted, and
// tasks that it lacks will be handed out again. `unit`: groups per task.
Status recover(RunState& run, const Store& store, std::uint64_t unit);

// kCorrupt: the store ends before the newest task that the checkpoint knows as done, so what was
// acknowledged is lost. Eviction does not explain it: it begins with the oldest groups.
Status check_kept(const RunState& run, const Store& store, std::uint64_t unit);

// Adds a group's attempts to the counters, and the counters of attempts of one state to another's.
void count(const AttemptGroup& group, RunState& run);
void add_counts(RunState& run, const RunState& more);

std::string_view to_string(Phase phase);
std::string save(const RunState& state);
Result<RunState> load_run_state(std::string_view bytes);  // kCorrupt

}  // namespace qstar

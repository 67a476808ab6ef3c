#include "actors/run_state.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/attempt.hpp"

namespace qstar {

NLOHMANN_JSON_SERIALIZE_ENUM(Phase, {{Phase::kPretrain, "pretrain"},
                                     {Phase::kReinforce, "rl"},
                                     {Phase::kFinished, "finished"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunState, phase, pretrain_steps, policy_updates, critic_updates,
                                   version, next_task, unfinished, pretrain_tokens, trained_tokens,
                                   generated_tokens, attempts, wins, lucky, cpu_seconds,
                                   wall_seconds, base, curve, critic, final_, evaluations)

void count(const AttemptGroup& group, RunState& run) {
  for (const auto& attempt : group.attempts) {
    ++run.attempts;
    run.generated_tokens += tokens_of(attempt);
    run.wins += attempt.win() ? 1 : 0;
    run.lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
  }
}

void add_counts(RunState& run, const RunState& more) {
  run.attempts += more.attempts;
  run.generated_tokens += more.generated_tokens;
  run.wins += more.wins;
  run.lucky += more.lucky;
}

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::kPretrain: return "pretrain";
    case Phase::kReinforce: return "rl";
    case Phase::kFinished: return "finished";
  }
  return "";
}

std::int64_t version_end(const RunState& run, const ExperimentConfig& config) {
  return static_cast<std::int64_t>(run.version) * config.rl.updates_per_version;
}

std::uint64_t oldest_allowed(const RunState& run, const ExperimentConfig& config) {
  const auto bound = static_cast<std::uint64_t>(config.rl.staleness);
  return run.version > bound ? run.version - bound : 0;
}

std::int64_t critic_due(const RunState& run, const ExperimentConfig& config) {
  if (run.version == 0) return 0;
  return static_cast<std::int64_t>(run.version - 1) * config.critic.updates_per_version -
         run.critic_updates;
}

std::int64_t next_critic_updates(const RunState& run, const ExperimentConfig& config) {
  const auto per_version = config.critic.updates_per_version;
  return std::min(critic_due(run, config), per_version - run.critic_updates % per_version);
}

Status extend(RunState& run, const ExperimentConfig& config) {
  if (run.version == 0) return {};
  const auto made = static_cast<std::int64_t>(run.version) - 1;
  if (config.rl.versions < made)
    return fail(Errc::kConfig,
                fmt::format("rl.versions = {}: the run has trained {} versions already; give at "
                            "least that many",
                            config.rl.versions, made));
  if (run.phase != Phase::kFinished || config.rl.versions == made) return {};
  run.phase = Phase::kReinforce;
  run.final_ = nlohmann::json::object();
  run.evaluations = nlohmann::json::array();
  return {};
}

Status check_kept(const RunState& run, const Store& store, std::uint64_t unit) {
  std::uint64_t done = run.next_task;  // one more than the newest task that is done
  const auto is_unfinished = [&run](std::uint64_t task) {
    return std::find(run.unfinished.begin(), run.unfinished.end(), task) != run.unfinished.end();
  };
  while (done > 0 && is_unfinished(done - 1)) --done;
  if (done == 0) return {};
  const auto range = store.group_range();
  if (!range) return tl::unexpected(range.error());
  const std::uint64_t newest = (done - 1) * unit;
  if (*range && (*range)->last >= newest) return {};
  return fail(Errc::kCorrupt,
              fmt::format("the store has lost attempts: the checkpoint knows of group {}, and {}; "
                          "put back the missing files of store/, or start a new run",
                          newest,
                          *range ? fmt::format("the store ends with group {}", (*range)->last)
                                 : "the store is empty"));
}

Status recover(RunState& run, const Store& store, std::uint64_t unit) {
  const auto ids = store.group_ids();
  if (!ids) return tl::unexpected(ids.error());
  if (ids->empty()) return {};
  std::vector<std::uint64_t> tasks = run.unfinished;
  for (; run.next_task <= ids->back() / unit; ++run.next_task) tasks.push_back(run.next_task);
  run.unfinished.clear();
  for (const auto task : tasks) {
    // A task's groups are written together. Those below the oldest one have been evicted.
    if (task * unit >= ids->front() && !std::binary_search(ids->begin(), ids->end(), task * unit)) {
      run.unfinished.push_back(task);
      continue;
    }
    for (std::uint64_t id = task * unit; id < (task + 1) * unit; ++id) {
      if (const auto group = store.get(id)) count(*group, run);
    }
  }
  return {};
}

std::string save(const RunState& state) { return nlohmann::json(state).dump(); }

Result<RunState> load_run_state(std::string_view bytes) {
  try {
    auto state = nlohmann::json::parse(bytes);
    // Earlier versions did not keep them.
    if (state.is_object()) state.emplace("evaluations", nlohmann::json::array());
    return state.get<RunState>();
  } catch (const nlohmann::json::exception& e) {
    return fail(Errc::kCorrupt, std::string("the checkpoint's run.json is damaged: ") + e.what());
  }
}

}  // namespace qstar

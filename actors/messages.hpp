// The messages between actors, except Wiring (interfaces.hpp) and those of tasks
// (pool_messages.hpp).
//
// Plain structs. Messages between processes have an `inspect`; trajectories travel as their
// protobuf records and floats as raw bytes, because CAF 0.17 garbles non-finite and subnormal
// floats. Messages marked unsafe stay inside one process and are shared, not copied.
#pragma once

#include <bit>
#include <caf/all.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/pool_messages.hpp"
#include "core/metrics.hpp"
#include "core/models.hpp"
#include "core/trajectory.hpp"
#include "persistence/replay_buffer.hpp"
#include "persistence/store.hpp"

namespace qstar {

// ---- groups of attempts ------------------------------------------------------------------------

struct Score {  // to the critic: fill Q values
  std::vector<AttemptGroup> groups;
};
struct Insert {  // to the replay buffer: acknowledged when durable
  std::vector<AttemptGroup> groups;
  // SHA-256 of the policies that made their steps, by version, for the store's table of models; a
  // version that is not here stays unknown.
  std::map<std::uint64_t, std::string> policies = {};
};
struct Groups {  // the reply of the critic
  std::vector<AttemptGroup> groups;
};
struct Inserted {
  std::int64_t fresh = 0;  // groups that were new
};

// ---- replay buffer <-> learners (same process) -------------------------------------------------

struct Sample {
  Table table = Table::kPolicy;
  std::int64_t groups = 0;
  std::uint64_t min_version = 0;  // staleness bound
  bool force = false;             // ignore the limiter (deterministic mode)
};
struct Samples {  // empty: the run is stopping, do not wait for more
  std::vector<SampledGroup> groups;
};
struct Release {};  // from the coordinator: answer waiting requests for samples, with none
struct Priorities {
  Table table = Table::kCritic;
  std::vector<std::uint64_t> groups;
  std::vector<float> priorities;
};
// Sent to the coordinator whenever the buffer changes.
struct ReplayStatus {
  std::int64_t insertable = 0;  // groups that the limiters admit now
  std::int64_t policy_size = 0;
  std::int64_t critic_size = 0;
  std::int64_t inserts = 0;
  std::int64_t policy_samples = 0;
  std::int64_t critic_samples = 0;
  std::int64_t dropped_stale = 0;
  std::string who_waits;
};

// ---- learners ----------------------------------------------------------------------------------

struct Pretrain {  // `steps` more optimiser steps on the corpus
  std::int64_t first_step = 0;
  std::int64_t steps = 0;
};
struct Train {  // `updates` more updates from replay
  std::int64_t first_update = 0;
  std::int64_t updates = 0;
  std::uint64_t min_version = 0;
  bool force = false;
};
struct Trained {
  std::int64_t updates = 0;
  std::int64_t tokens = 0;
  double loss = 0;
  std::map<std::string, double> values;  // further figures
};
struct SaveState {};    // reply: Bytes, the whole state for a resumed run
struct ExportModel {};  // reply: Bytes of a safetensors file
struct StartCritic {    // begin (again) from this policy
  std::string policy;
};
struct Bytes {
  std::string bytes;
};
// Asks for figures: the step AUC over these judged attempts, and the calibration over the newest
// scored ones.
struct Assess {
  std::vector<AttemptGroup> groups;
};

// ---- evaluation, metrics, joining --------------------------------------------------------------

struct Evaluated {
  double accuracy = 0;
  double low = 0, high = 0;  // 95 % interval
  std::int64_t n = 0;
  double tokens_per_problem = 0;
  double cpu_seconds = 0;
  std::vector<AttemptGroup> kept;
};
// Figures for metrics.jsonl, the terminal and the gateway.
struct Report {
  MetricsRow row;
  std::string line;      // for the terminal; empty: print nothing
  std::string status{};  // of the whole run, JSON; empty: unchanged
  bool passing = false;  // on a terminal the next line replaces this one
};
// Whether the report is one of many that only show how far a phase has come.
inline bool is_progress(const Report& report) {
  const std::string& phase = report.row.phase;
  return report.passing || phase == "pretrain" || phase == "rl";
}
// A worker process introduces itself; the reply has everything it needs.
struct Join {
  std::string node;
};
struct Welcome {
  std::string config;  // as TOML
  std::string kind;    // what the TOML describes: kTasks
};
inline constexpr const char* kTasks = "tasks";  // a NodeConfig (executors.hpp)

}  // namespace qstar

CAF_BEGIN_TYPE_ID_BLOCK(qstar, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(qstar, (qstar::Inserted))
CAF_ADD_TYPE_ID(qstar, (qstar::Join))
CAF_ADD_TYPE_ID(qstar, (qstar::Welcome))
CAF_ADD_TYPE_ID(qstar, (qstar::TaskRequest))
CAF_ADD_TYPE_ID(qstar, (qstar::TaskLease))
CAF_ADD_TYPE_ID(qstar, (qstar::TaskFinished))
CAF_ADD_TYPE_ID(qstar, (qstar::ModelRequest))
CAF_ADD_TYPE_ID(qstar, (qstar::ModelPiece))
CAF_END_TYPE_ID_BLOCK(qstar)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Score)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Insert)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Groups)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::ReplayStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Sample)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Samples)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Release)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Priorities)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Pretrain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Train)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Trained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::SaveState)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::ExportModel)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::StartCritic)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Bytes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Assess)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Report)

namespace qstar {

template <class Inspector>
auto inspect(Inspector& f, Inserted& m) {
  return f(caf::meta::type_name("Inserted"), m.fresh);
}
template <class Inspector>
auto inspect(Inspector& f, Join& m) {
  return f(caf::meta::type_name("Join"), m.node);
}
template <class Inspector>
auto inspect(Inspector& f, Welcome& m) {
  return f(caf::meta::type_name("Welcome"), m.config, m.kind);
}

}  // namespace qstar

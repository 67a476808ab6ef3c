// The messages between actors, except those of tasks (pool_messages.hpp).
//
// Plain structs. Messages between processes have an `inspect`; floats travel inside encoded tasks
// and results, as raw bytes, because CAF 0.17 garbles non-finite and subnormal ones. Messages
// marked unsafe stay inside one process and are shared, not copied.
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <string>

#include "actors/engine/pool_messages.hpp"
#include "core/metrics.hpp"

namespace qstar::actors {

// Figures for metrics.jsonl, the terminal and the gateway.
struct ProgressUpdate {
  MetricsRow row;
  std::string line;      // for the terminal; empty: print nothing
  std::string status{};  // of the whole run, JSON; empty: unchanged
  bool passing = false;  // on a terminal the next line replaces this one
};
// A line for people that is no figure.
inline ProgressUpdate update_of(const char* phase, std::uint64_t step, std::string line) {
  ProgressUpdate update;
  update.row.phase = phase;
  update.row.step = step;
  update.line = std::move(line);
  return update;
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

}  // namespace qstar::actors

CAF_BEGIN_TYPE_ID_BLOCK(qstar, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(qstar, (qstar::actors::Join))
CAF_ADD_TYPE_ID(qstar, (qstar::actors::Welcome))
CAF_ADD_TYPE_ID(qstar, (qstar::actors::TaskRequest))
CAF_ADD_TYPE_ID(qstar, (qstar::actors::TaskLease))
CAF_ADD_TYPE_ID(qstar, (qstar::actors::TaskFinished))
CAF_ADD_TYPE_ID(qstar, (qstar::actors::ModelRequest))
CAF_ADD_TYPE_ID(qstar, (qstar::actors::ModelPiece))
CAF_END_TYPE_ID_BLOCK(qstar)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::actors::ProgressUpdate)

namespace qstar::actors {

template <class Inspector>
auto inspect(Inspector& f, Join& m) {
  return f(caf::meta::type_name("Join"), m.node);
}
template <class Inspector>
auto inspect(Inspector& f, Welcome& m) {
  return f(caf::meta::type_name("Welcome"), m.config, m.kind);
}

}  // namespace qstar::actors

// The messages between the pool, its executors and the stage that owns the tasks; messages.hpp says
// what holds for all, and numbers those that cross machines.
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "experiment/engine.hpp"

namespace qstar::actors {

// ---- pool <-> executors ------------------------------------------------------------------------

// An executor asks for a task: its only credit. Answered when there is one.
struct TaskRequest {
  std::string node;
};
// A task, encoded; empty bytes: there is no more work, stop asking.
struct TaskLease {
  std::uint64_t task = 0;
  std::string bytes;
};
// The result of a task, encoded, or the error that it ended with.
struct TaskFinished {
  std::uint64_t task = 0;
  std::string code;     // of the error, see to_string(Errc); empty: none
  std::string message;  // of the error
  std::string bytes;    // the result, when there is no error
};
// Asks for a piece of a model, from byte `offset` on.
struct ModelRequest {
  std::string hash;
  std::uint64_t offset = 0;
};
struct ModelPiece {
  std::uint64_t total = 0;  // bytes of the whole model
  std::string bytes;
};

// ---- stage -> pool (same process) --------------------------------------------------------------

struct SubmitTask {
  experiment::TaskId task = 0;
  bool urgent = false;
  std::shared_ptr<const std::string> bytes;
};
struct CancelTasks {
  std::vector<experiment::TaskId> tasks;
};
// No more tasks will come: executors are sent home.
struct EndTasks {};

template <class Inspector>
auto inspect(Inspector& f, TaskRequest& m) {
  return f(caf::meta::type_name("TaskRequest"), m.node);
}
template <class Inspector>
auto inspect(Inspector& f, TaskLease& m) {
  return f(caf::meta::type_name("TaskLease"), m.task, m.bytes);
}
template <class Inspector>
auto inspect(Inspector& f, TaskFinished& m) {
  return f(caf::meta::type_name("TaskFinished"), m.task, m.code, m.message, m.bytes);
}
template <class Inspector>
auto inspect(Inspector& f, ModelRequest& m) {
  return f(caf::meta::type_name("ModelRequest"), m.hash, m.offset);
}
template <class Inspector>
auto inspect(Inspector& f, ModelPiece& m) {
  return f(caf::meta::type_name("ModelPiece"), m.total, m.bytes);
}

}  // namespace qstar::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::actors::SubmitTask)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::actors::CancelTasks)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::actors::EndTasks)

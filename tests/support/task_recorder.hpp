// An engine for tests that notes the tasks and gives empty results.
#pragma once

#include <string>
#include <vector>

#include "core/sha256.hpp"
#include "experiment/engine.hpp"

namespace qstar::testing {
using namespace experiment;

class TaskRecorder final : public Engine {
 public:
  Result<ModelHash> publish(std::string bytes) override { return sha256(bytes).hex(); }
  TaskId submit(Task task) override {
    tasks.push_back(std::move(task));
    return tasks.size() - 1;
  }
  Result<TaskResult> wait(TaskId) override { return TaskResult{}; }
  bool ready(TaskId) const override { return true; }
  void cancel(std::span<const TaskId>) override {}
  double remote_cpu_seconds() const override { return 0; }
  EngineTimes times() const override { return {}; }

  std::vector<Task> tasks;
};

}  // namespace qstar::testing

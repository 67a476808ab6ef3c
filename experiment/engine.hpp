// What the engine offers to a stage: it publishes models, hands tasks out to nodes and returns
// their results.
//
// A stage submits tasks and waits for them in an order of its own choice. Tasks are deterministic,
// so the stage's results do not depend on how many nodes take part, nor on which node executes
// what.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "experiment/executor.hpp"
#include "experiment/task.hpp"

namespace qstar::experiment {

using TaskId = std::uint64_t;

// Who waited for whom so far, in seconds.
struct EngineTimes {
  double now = 0;             // since the engine began
  double stage_waited = 0;    // the stage, for results
  double executors_busy = 0;  // all executors together
  double executors_idle = 0;  // all executors together, for tasks
};
EngineTimes operator+(const EngineTimes& a, const EngineTimes& b);

class Engine {
 public:
  virtual ~Engine() = default;
  // Makes a model's file available to all nodes, and names it.
  virtual Result<ModelHash> publish(std::string bytes) = 0;
  // Queues a task behind those submitted before.
  virtual TaskId submit(Task task) = 0;
  // Waits for the result of a task, which is given once. kInterrupted: the run is to stop;
  // otherwise the error of the node that executed it.
  virtual Result<TaskResult> wait(TaskId task) = 0;
  // Whether wait() for the task would return at once.
  virtual bool ready(TaskId task) const = 0;
  // Withdraws tasks whose results are no longer wanted.
  virtual void cancel(std::span<const TaskId> tasks) = 0;
  // CPU seconds that tasks have taken so far in other processes.
  virtual double remote_cpu_seconds() const = 0;
  virtual EngineTimes times() const = 0;
};

// Executes every task when it is waited for, in the calling thread.
class LocalEngine final : public Engine {
 public:
  LocalEngine(std::shared_ptr<const environment::Environment> environment, std::int32_t slots);
  Result<ModelHash> publish(std::string bytes) override;
  TaskId submit(Task task) override;
  Result<TaskResult> wait(TaskId task) override;
  bool ready(TaskId) const override { return true; }
  void cancel(std::span<const TaskId> tasks) override;
  double remote_cpu_seconds() const override { return 0; }
  EngineTimes times() const override { return {}; }

 private:
  std::map<ModelHash, std::string> models_;
  std::map<TaskId, Task> tasks_;
  TaskId next_ = 0;
  Executor executor_;
};

// Cuts a large task into tasks of a few hundred attempts each, so that several nodes share it. The
// results are in the order of its problems.
std::vector<AttemptTask> parts_of(const AttemptTask& whole);
std::vector<TaskId> submit_in_parts(Engine& engine, const AttemptTask& whole);
// The results of all parts as one; after an error the others are withdrawn.
Result<TaskResult> wait_for_all(Engine& engine, std::span<const TaskId> parts);
Result<TaskResult> attempt(Engine& engine, const AttemptTask& whole);

// A policy whose generations are made by CompleteTasks. The interface cannot return errors: after
// an error generations are empty, and `status` says why.
class EnginePolicy final : public model::Policy {
 public:
  EnginePolicy(Engine& engine, PolicyRef policy) : engine_(engine), policy_(std::move(policy)) {}
  std::vector<model::Generation> generate(
      std::span<const model::GenerateRequest> requests) override;
  std::uint64_t version() const override { return policy_.version; }
  const Status& status() const { return status_; }

 private:
  Engine& engine_;
  PolicyRef policy_;
  Status status_;
};

// Log-probabilities under a policy, computed by nodes: asked for first, read later in the same
// order.
class EngineLogprobs {
 public:
  EngineLogprobs(Engine& engine, PolicyRef policy) : engine_(engine), policy_(std::move(policy)) {}
  ~EngineLogprobs();
  EngineLogprobs(const EngineLogprobs&) = delete;
  EngineLogprobs& operator=(const EngineLogprobs&) = delete;

  void ask(std::vector<model::LogprobRequest> requests);
  // Those that were asked for first and not read yet, see DecoderLogprobs. kCorrupt: a node gave
  // more or fewer.
  Result<std::vector<std::vector<float>>> next();

 private:
  Engine& engine_;
  PolicyRef policy_;
  struct Asked {
    TaskId task = 0;
    std::vector<std::size_t> tokens;  // of each request
  };
  std::deque<Asked> asked_;  // and not read
};

}  // namespace qstar::experiment

// The engine as a stage sees it: an Engine (experiment/engine.hpp) in front of the pool.
//
// The stage's thread calls the EngineClient; the pool's thread delivers results and looks models
// up. What they share is the TaskExchange.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "actors/engine/published_models.hpp"
#include "actors/engine/task_pool.hpp"
#include "actors/interfaces.hpp"
#include "core/clock.hpp"
#include "experiment/engine.hpp"

namespace qstar {

// Results on their way from the pool to the stage, and the models that tasks name. Thread-safe.
class TaskExchange {
 public:
  // `remote`: another process executed the task.
  void deliver(TaskId task, Result<TaskResult> result, bool remote);
  // Waits for the result; the reason of close() once the exchange is closed.
  Result<TaskResult> wait(TaskId task);
  bool ready(TaskId task) const;
  // Forgets results that are not wanted any more.
  void forget(std::span<const TaskId> tasks);
  // Ends all waits, now and later.
  void close(Error why);

  PublishedModels& models() { return models_; }

  double remote_cpu_seconds() const;
  // Seconds that wait() has waited.
  double waited_seconds() const;
  // Who waited for whom; the pool writes it.
  void note(const Occupancy& occupancy);
  Occupancy occupancy() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<TaskId, Result<TaskResult>> results_;
  std::optional<Error> closed_;
  PublishedModels models_;
  double remote_cpu_seconds_ = 0, waited_seconds_ = 0;
  Occupancy occupancy_;
};

// Spawns the pool. `config`: what a worker process is told when it joins.
PoolActor spawn_pool(caf::actor_system& system, const MetricsActor& metrics, Stop stop,
                     std::string config, double lease_seconds,
                     std::shared_ptr<TaskExchange> exchange);

class EngineClient final : public Engine {
 public:
  // Keeps the bytes of a published model for good.
  using KeepModel = std::function<Status(std::shared_ptr<const std::string> bytes)>;
  EngineClient(PoolActor pool, std::shared_ptr<TaskExchange> exchange, KeepModel keep = {})
      : pool_(std::move(pool)), exchange_(std::move(exchange)), keep_(std::move(keep)) {}

  Result<ModelHash> publish(std::string bytes) override;
  TaskId submit(Task task) override;
  Result<TaskResult> wait(TaskId task) override { return exchange_->wait(task); }
  bool ready(TaskId task) const override { return exchange_->ready(task); }
  void cancel(std::span<const TaskId> tasks) override;
  double remote_cpu_seconds() const override { return exchange_->remote_cpu_seconds(); }
  EngineTimes times() const override;

 private:
  PoolActor pool_;
  std::shared_ptr<TaskExchange> exchange_;
  KeepModel keep_;
  double began_ = seconds_now();
  std::atomic<TaskId> next_ = 1;
};

}  // namespace qstar

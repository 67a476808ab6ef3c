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

namespace qstar::actors {

// Results on their way from the pool to the stage, and the models that tasks name. Thread-safe.
class TaskExchange {
 public:
  // `remote`: another process executed the task.
  void deliver(experiment::TaskId task, Result<experiment::TaskResult> result, bool remote);
  // Waits for the result; the reason of close() once the exchange is closed.
  Result<experiment::TaskResult> wait(experiment::TaskId task);
  bool ready(experiment::TaskId task) const;
  // Forgets results that are not wanted any more.
  void forget(std::span<const experiment::TaskId> tasks);
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
  std::map<experiment::TaskId, Result<experiment::TaskResult>> results_;
  std::optional<Error> closed_;
  PublishedModels models_;
  double remote_cpu_seconds_ = 0, waited_seconds_ = 0;
  Occupancy occupancy_;
};

// Spawns the pool. `config`: what a worker process is told when it joins.
PoolActor spawn_pool(caf::actor_system& system, const MetricsActor& metrics, Stop stop,
                     std::string config, double lease_seconds,
                     std::shared_ptr<TaskExchange> exchange);

class EngineClient final : public experiment::Engine {
 public:
  // Keeps the bytes of a published model for good.
  using KeepModel = std::function<Status(std::shared_ptr<const std::string> bytes)>;
  EngineClient(PoolActor pool, std::shared_ptr<TaskExchange> exchange, KeepModel keep = {})
      : pool_(std::move(pool)), exchange_(std::move(exchange)), keep_(std::move(keep)) {}

  Result<experiment::ModelHash> publish(std::string bytes) override;
  experiment::TaskId submit(experiment::Task task) override;
  Result<experiment::TaskResult> wait(experiment::TaskId task) override {
    return exchange_->wait(task);
  }
  bool ready(experiment::TaskId task) const override { return exchange_->ready(task); }
  void cancel(std::span<const experiment::TaskId> tasks) override;
  double remote_cpu_seconds() const override { return exchange_->remote_cpu_seconds(); }
  experiment::EngineTimes times() const override;

 private:
  PoolActor pool_;
  std::shared_ptr<TaskExchange> exchange_;
  KeepModel keep_;
  double began_ = seconds_now();
  std::atomic<experiment::TaskId> next_ = 1;
};

}  // namespace qstar::actors

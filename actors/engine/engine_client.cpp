#include "actors/engine/engine_client.hpp"

#include "core/clock.hpp"

namespace qstar::actors {

void TaskExchange::deliver(experiment::TaskId task, Result<experiment::TaskResult> result,
                           bool remote) {
  {
    const std::scoped_lock lock(mutex_);
    if (remote && result) remote_cpu_seconds_ += result->cpu_seconds;
    results_.insert_or_assign(task, std::move(result));
  }
  changed_.notify_all();
}

Result<experiment::TaskResult> TaskExchange::wait(experiment::TaskId task) {
  std::unique_lock lock(mutex_);
  const double began = seconds_now();
  changed_.wait(lock, [&] { return closed_ || results_.contains(task); });
  waited_seconds_ += seconds_now() - began;
  if (closed_) return tl::unexpected(*closed_);
  return std::move(results_.extract(task).mapped());
}

bool TaskExchange::ready(experiment::TaskId task) const {
  const std::scoped_lock lock(mutex_);
  return closed_ || results_.contains(task);
}

void TaskExchange::forget(std::span<const experiment::TaskId> tasks) {
  const std::scoped_lock lock(mutex_);
  for (const experiment::TaskId task : tasks) results_.erase(task);
}

void TaskExchange::close(Error why) {
  {
    const std::scoped_lock lock(mutex_);
    if (!closed_) closed_ = std::move(why);
  }
  changed_.notify_all();
}

double TaskExchange::remote_cpu_seconds() const {
  const std::scoped_lock lock(mutex_);
  return remote_cpu_seconds_;
}

double TaskExchange::waited_seconds() const {
  const std::scoped_lock lock(mutex_);
  return waited_seconds_;
}

void TaskExchange::note(const Occupancy& occupancy) {
  const std::scoped_lock lock(mutex_);
  occupancy_ = occupancy;
}

Occupancy TaskExchange::occupancy() const {
  const std::scoped_lock lock(mutex_);
  return occupancy_;
}

Result<experiment::ModelHash> EngineClient::publish(std::string bytes) {
  auto hash = exchange_->models().publish(std::move(bytes));
  if (!keep_) return hash;
  const auto published = exchange_->models().model(hash);
  if (!published) return tl::unexpected(published.error());
  return keep_(*published).map([&hash] { return std::move(hash); });
}

experiment::TaskId EngineClient::submit(experiment::Task task) {
  const experiment::TaskId id = next_++;
  caf::anon_send(pool_, SubmitTask{id, experiment::is_urgent(task),
                                   std::make_shared<const std::string>(experiment::encode(task))});
  return id;
}

void EngineClient::cancel(std::span<const experiment::TaskId> tasks) {
  if (!tasks.empty()) caf::anon_send(pool_, CancelTasks{{tasks.begin(), tasks.end()}});
}

experiment::EngineTimes EngineClient::times() const {
  const auto occupancy = exchange_->occupancy();
  return {seconds_now() - began_, exchange_->waited_seconds(), occupancy.busy_seconds(),
          occupancy.idle_seconds()};
}

}  // namespace qstar::actors

#include "actors/engine/task_pool.hpp"

#include <algorithm>

namespace qstar::actors {

void TaskPool::add(experiment::TaskId task, Bytes bytes, bool urgent) {
  const bool fresh = tasks_.emplace(task, Entry{std::move(bytes), 0}).second;
  QSTAR_ASSERT(fresh, std::to_string(task));
  (urgent ? urgent_ : queue_).push_back(task);
}

void TaskPool::cancel(experiment::TaskId task) {
  if (tasks_.erase(task) == 0) return;
  leased_.erase(task);
  unqueue(task);
}

void TaskPool::unqueue(experiment::TaskId task) {
  std::erase(urgent_, task);
  std::erase(queue_, task);
}

std::optional<TaskPool::Lease> TaskPool::hand_out(const std::string& holder, double now) {
  auto& queue = urgent_.empty() ? queue_ : urgent_;
  if (queue.empty()) return std::nullopt;
  const experiment::TaskId task = queue.front();
  queue.pop_front();
  auto& entry = tasks_.at(task);
  ++entry.holders;
  leased_[task] = {holder, now + lease_seconds_};
  return Lease{task, entry.bytes};
}

bool TaskPool::done(experiment::TaskId task) {
  leased_.erase(task);
  // A task that came back and was finished after all need not be done a second time.
  unqueue(task);
  return tasks_.erase(task) > 0;
}

TaskPool::Failure TaskPool::failed(experiment::TaskId task, Errc code) {
  if (leased_.erase(task) == 0) return Failure::kIgnored;
  if (may_succeed_elsewhere(code) && tasks_.at(task).holders < kMostHolders) {
    urgent_.push_front(task);
    return Failure::kRetried;
  }
  tasks_.erase(task);
  return Failure::kFinal;
}

template <class Condition>
std::vector<TaskPool::Returned> TaskPool::take_back(const Condition& returns) {
  std::vector<Returned> back;
  for (const auto& [task, held] : leased_)
    if (returns(held)) back.push_back({task, held.holder, tasks_.at(task).holders >= kMostHolders});
  // In front of the queue, in their order.
  for (auto it = back.rbegin(); it != back.rend(); ++it) {
    leased_.erase(it->task);
    if (it->given_up)
      tasks_.erase(it->task);
    else
      urgent_.push_front(it->task);
  }
  return back;
}

std::vector<TaskPool::Returned> TaskPool::expire(double now) {
  return take_back([now](const Held& held) { return held.deadline <= now; });
}

std::vector<TaskPool::Returned> TaskPool::release(const std::string& holder) {
  return take_back([&holder](const Held& held) { return held.holder == holder; });
}

bool may_succeed_elsewhere(Errc code) {
  switch (code) {
    case Errc::kIo:
    case Errc::kMissingFile:
    case Errc::kInterrupted:
    case Errc::kNetwork:
    case Errc::kTimeout:
    case Errc::kActorFailed: return true;
    default: return false;
  }
}

void Occupancy::set(double now, std::int64_t busy, std::int64_t idle) {
  if (since_) {
    busy_seconds_ += busy_ * (now - *since_);
    idle_seconds_ += idle_ * (now - *since_);
  }
  since_ = now;
  busy_ = static_cast<double>(busy);
  idle_ = static_cast<double>(idle);
}

}  // namespace qstar::actors

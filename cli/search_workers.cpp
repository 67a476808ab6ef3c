#include "cli/search_workers.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace qstar {

SearchWorkers::SearchWorkers(const SearchJob& job, std::span<const PuzzleStart> starts,
                             const std::atomic<bool>& stop)
    : job_(job),
      starts_(starts),
      stop_(stop),
      running_(std::min(job.threads, starts.size())),
      solutions_(starts.size()) {
  for (std::size_t i = running_; i > 0; --i) threads_.emplace_back([this] { work(); });
}

SearchWorkers::~SearchWorkers() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
}

// Under the lock, so that what has been taken when `stop` comes is a beginning of the states.
std::optional<std::size_t> SearchWorkers::take() {
  const std::lock_guard lock(mutex_);
  if (stop_ || abandoned_ || next_ == starts_.size()) return std::nullopt;
  return next_++;
}

void SearchWorkers::work() {
  const auto estimate = job_.estimate.make();
  while (const auto state = take()) {
    auto solution = job_.search->solve(*job_.estimate.puzzle, *estimate, starts_[*state].position,
                                       job_.options);
    const std::lock_guard lock(mutex_);
    solutions_[*state] = std::move(solution);
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  --running_;
  changed_.notify_all();
}

std::optional<Result<PuzzleSolution>> SearchWorkers::wait(std::size_t state,
                                                          const std::function<void()>& meanwhile) {
  const auto here = [&] { return solutions_[state] || running_ == 0; };
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::milliseconds(200), here)) {
    lock.unlock();  // a terminal may take its time
    meanwhile();
    lock.lock();
  }
  return std::exchange(solutions_[state], std::nullopt);
}

}  // namespace qstar

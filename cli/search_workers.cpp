#include "cli/search_workers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

#include "core/out_of_memory.hpp"
#include "core/printable.hpp"

namespace qstar::cli {

SearchWorkers::SearchWorkers(const SearchJob& job, std::span<const PuzzleStart> starts, Stop stop)
    : job_(job),
      starts_(starts),
      stop_(std::move(stop)),
      options_(job.options),
      solutions_(starts.size()) {
  options_.stop = [this] { return stopped(); };
}

SearchWorkers::~SearchWorkers() { abandoned_ = true; }

Status SearchWorkers::start() {
  const std::size_t wanted = std::min(job_.threads, starts_.size());
  while (threads_.size() < wanted) {
    {
      const std::lock_guard lock(mutex_);
      ++running_;
    }
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
      const std::lock_guard lock(mutex_);
      --running_;
      return fail(Errc::kIo, fmt::format("cannot start thread {} of {}: {}; lower --threads",
                                         threads_.size() + 1, wanted, error.code().message()));
    }
  }
  return {};
}

std::optional<std::size_t> SearchWorkers::take() {
  const std::lock_guard lock(mutex_);
  if (stopped() || next_ == starts_.size()) return std::nullopt;
  return next_++;
}

void SearchWorkers::search_states() {
  const auto estimate = job_.estimate.make();
  while (const auto state = take()) {
    auto solution =
        job_.search->solve(*job_.estimate.puzzle, *estimate, starts_[*state].position, options_);
    if (solution && solution->end == search::SearchEnd::kStopped) return;
    if (!solution) {
      solution.error().message = fmt::format("{} ({}): {}", printable(job_.estimate.source),
                                             starts_[*state].place, solution.error().message);
    }
    const std::lock_guard lock(mutex_);
    solutions_[*state] = std::move(solution);
    changed_.notify_all();
  }
}

void SearchWorkers::work() {
  std::optional<Error> fault;
  const MayLackMemory may_lack_memory;
  try {
    search_states();
  } catch (const std::bad_alloc&) {
    fault = Error{Errc::kIo,
                  fmt::format("{}: there is not enough memory for the network's work space; lower "
                              "--threads",
                              printable(job_.estimate.source))};
  }
  const std::lock_guard lock(mutex_);
  if (fault) fault_ = std::move(fault);
  --running_;
  changed_.notify_all();
}

std::optional<Result<search::PuzzleSolution>> SearchWorkers::wait(
    std::size_t state, const std::function<void()>& meanwhile) {
  const auto here = [&] { return solutions_[state] || running_ == 0; };
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::milliseconds(200), here)) {
    lock.unlock();  // a terminal may take its time
    meanwhile();
    lock.lock();
  }
  if (!solutions_[state] && fault_) return tl::unexpected(*fault_);
  return std::exchange(solutions_[state], std::nullopt);
}

}  // namespace qstar::cli

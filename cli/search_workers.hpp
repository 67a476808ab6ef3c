// States searched side by side, their solutions in the states' order.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "cli/puzzle_estimate.hpp"
#include "cli/puzzle_states.hpp"
#include "search/puzzle_search.hpp"

namespace qstar {

struct SearchJob {
  std::unique_ptr<PuzzleSearch> search;
  PuzzleEstimate estimate;
  PuzzleSearchOptions options;
  std::size_t threads = 1;
};

class SearchWorkers {
 public:
  // All arguments outlive this. Begins at once; `stop` lets every thread finish its present state
  // and begin no other.
  SearchWorkers(const SearchJob& job, std::span<const PuzzleStart> starts,
                const std::atomic<bool>& stop);
  // Waits for the states that are being searched.
  ~SearchWorkers();
  SearchWorkers(const SearchWorkers&) = delete;
  SearchWorkers& operator=(const SearchWorkers&) = delete;

  // The solution of a state; nothing when it will not be searched any more. Calls `meanwhile` a few
  // times a second until then. A state can be asked for once.
  std::optional<Result<PuzzleSolution>> wait(std::size_t state,
                                             const std::function<void()>& meanwhile);

 private:
  void work();
  std::optional<std::size_t> take();

  const SearchJob& job_;
  const std::span<const PuzzleStart> starts_;
  const std::atomic<bool>& stop_;

  std::mutex mutex_;  // of all below but the threads
  std::condition_variable changed_;
  std::size_t next_ = 0, running_;
  bool abandoned_ = false;
  std::vector<std::optional<Result<PuzzleSolution>>> solutions_;
  std::vector<std::jthread> threads_;
};

}  // namespace qstar

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
#include "core/stop.hpp"
#include "search/graph/puzzle_search.hpp"

namespace qstar::cli {

struct SearchJob {
  std::unique_ptr<search::PuzzleSearch> search;
  PuzzleEstimate estimate;
  search::PuzzleSearchOptions options;
  std::size_t threads = 1;
};

class SearchWorkers {
 public:
  // `job` and `starts` outlive this. `stop` ends every search that is under way within a moment.
  SearchWorkers(const SearchJob& job, std::span<const PuzzleStart> starts, Stop stop);
  // Stops the searches that are under way and waits for that.
  ~SearchWorkers();
  SearchWorkers(const SearchWorkers&) = delete;
  SearchWorkers& operator=(const SearchWorkers&) = delete;

  // Starts the threads, as many as there are states at most. kIo when the system has none left.
  Status start();
  // The solution of a state; nothing when its search was stopped or will not begin any more. Calls
  // `meanwhile` a few times a second until then. A state can be asked for once.
  std::optional<Result<search::PuzzleSolution>> wait(std::size_t state,
                                                     const std::function<void()>& meanwhile);

 private:
  void work();
  void search_states();
  std::optional<std::size_t> take();
  bool stopped() const { return stop_() || abandoned_; }

  const SearchJob& job_;
  const std::span<const PuzzleStart> starts_;
  const Stop stop_;
  std::atomic<bool> abandoned_ = false;
  search::PuzzleSearchOptions options_;

  std::mutex mutex_;  // of all below but the threads
  std::condition_variable changed_;
  std::size_t next_ = 0, running_ = 0;
  std::optional<Error> fault_;  // of a thread that ended early
  std::vector<std::optional<Result<search::PuzzleSolution>>> solutions_;
  std::vector<std::jthread> threads_;
};

}  // namespace qstar::cli

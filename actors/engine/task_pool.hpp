// The tasks of a run: which wait, who works on which until when, and which are done.
//
// A pure table: time is an argument, in seconds. A task whose holder died, or that is not finished
// by its deadline, goes back to the front of the queue.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiment/engine.hpp"

namespace qstar::actors {

class TaskPool {
 public:
  using Bytes = std::shared_ptr<const std::string>;
  // A task is given up after this number of holders: it may be what kills them.
  static constexpr int kMostHolders = 5;

  // `lease_seconds`: how long a holder may take.
  explicit TaskPool(double lease_seconds) : lease_seconds_(lease_seconds) {}

  // Queues an encoded task behind all others, or behind the urgent ones. Ids are never used twice.
  void add(experiment::TaskId task, Bytes bytes, bool urgent = false);
  // Forgets a task; a result that still arrives is not wanted.
  void cancel(experiment::TaskId task);

  struct Lease {
    experiment::TaskId task = 0;
    Bytes bytes;
  };
  // The next task for `holder`; none when the queue is empty.
  std::optional<Lease> hand_out(const std::string& holder, double now);
  // True when the result is wanted; false for a late duplicate, which is the same again.
  bool done(experiment::TaskId task);
  // What follows when a holder reports that a task failed with this error.
  enum class Failure : std::uint8_t {
    kIgnored,  // the task is done, withdrawn or waiting for another holder: a late report
    kRetried,  // another holder may succeed: it is at the front of the queue again
    kFinal,    // it would fail everywhere, or kMostHolders have failed: the task is forgotten
  };
  Failure failed(experiment::TaskId task, Errc code);

  // A lease that ended without a result.
  struct Returned {
    experiment::TaskId task = 0;
    std::string holder;
    bool given_up = false;  // the task was forgotten, see kMostHolders
    friend bool operator==(const Returned&, const Returned&) = default;
  };
  // Takes back what has expired, or what a dead holder had.
  std::vector<Returned> expire(double now);
  std::vector<Returned> release(const std::string& holder);

  std::int64_t queued() const { return static_cast<std::int64_t>(urgent_.size() + queue_.size()); }
  std::int64_t leased() const { return static_cast<std::int64_t>(leased_.size()); }

 private:
  struct Entry {
    Bytes bytes;
    int holders = 0;  // so far
  };
  struct Held {
    std::string holder;
    double deadline = 0;
  };
  void unqueue(experiment::TaskId task);
  template <class Condition>
  std::vector<Returned> take_back(const Condition& returns);

  double lease_seconds_;
  std::map<experiment::TaskId, Entry> tasks_;  // all that are not done
  std::deque<experiment::TaskId> urgent_;      // before the others; what came back is in front
  std::deque<experiment::TaskId> queue_;
  std::map<experiment::TaskId, Held> leased_;
};

// Whether a task that failed with this error may succeed on another node: its own description is
// not at fault.
bool may_succeed_elsewhere(Errc code);

// Integrates how many executors work and how many wait: who waits for whom.
class Occupancy {
 public:
  // From `now` on these many work and wait.
  void set(double now, std::int64_t busy, std::int64_t idle);
  // Executor-seconds until the latest set().
  double busy_seconds() const { return busy_seconds_; }
  double idle_seconds() const { return idle_seconds_; }
  std::int64_t busy() const { return static_cast<std::int64_t>(busy_); }
  std::int64_t idle() const { return static_cast<std::int64_t>(idle_); }

 private:
  std::optional<double> since_;
  double busy_ = 0, idle_ = 0;
  double busy_seconds_ = 0, idle_seconds_ = 0;
};

}  // namespace qstar::actors

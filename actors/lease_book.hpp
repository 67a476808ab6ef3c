// Which tasks are handed out to whom, and until when.
//
// A pure table: time is an argument. A task that is not reported done by its deadline, or whose
// holder died, comes back and is handed out again before any new one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qstar {

class LeaseBook {
 public:
  // `duration`: seconds until an unreported task is handed out again.
  explicit LeaseBook(double duration) : duration_(duration) {}

  // The next task for `holder`: one that came back, else a fresh number.
  std::uint64_t hand_out(const std::string& holder, double now);
  // True when the task was still to be done. False for a late duplicate: harmless, its results are
  // idempotent.
  bool done(std::uint64_t task);
  // A task that was not reported done, and who had it.
  struct Returned {
    std::uint64_t task = 0;
    std::string holder;
    friend bool operator==(const Returned&, const Returned&) = default;
  };
  // Takes back what has expired, or what a dead holder had.
  std::vector<Returned> expire(double now);
  std::vector<Returned> release(const std::string& holder);

  std::int64_t outstanding() const { return static_cast<std::int64_t>(out_.size()); }
  std::int64_t returned() const { return static_cast<std::int64_t>(returned_.size()); }
  std::uint64_t next_task() const { return next_; }
  // After a restart: fresh numbers begin here.
  void restart_at(std::uint64_t next) { next_ = next; }
  // Tasks not yet done, for checkpoints: they are handed out again after a restart.
  std::vector<std::uint64_t> unfinished() const;
  void give_back(std::uint64_t task) { returned_.push_back(task); }

 private:
  struct Lease {
    std::string holder;
    double deadline;
  };
  template <class Condition>
  std::vector<Returned> take_back(const Condition& returns);
  double duration_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Lease> out_;
  std::deque<std::uint64_t> returned_;
};

}  // namespace qstar

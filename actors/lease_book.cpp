#include "actors/lease_book.hpp"

#include <algorithm>

namespace qstar {

std::uint64_t LeaseBook::hand_out(const std::string& holder, double now) {
  std::uint64_t task = 0;
  if (returned_.empty()) {
    task = next_++;
  } else {
    task = returned_.front();
    returned_.pop_front();
  }
  out_[task] = {holder, now + duration_};
  return task;
}

bool LeaseBook::done(std::uint64_t task) {
  // A task that came back and was finished after all need not be done a second time.
  const bool waited = std::erase(returned_, task) > 0;
  return out_.erase(task) > 0 || waited;
}

template <class Condition>
std::vector<LeaseBook::Returned> LeaseBook::take_back(const Condition& returns) {
  std::vector<Returned> back;
  std::erase_if(out_, [&](const auto& entry) {
    if (!returns(entry.second)) return false;
    back.push_back({entry.first, entry.second.holder});
    returned_.push_back(entry.first);
    return true;
  });
  return back;
}

std::vector<LeaseBook::Returned> LeaseBook::expire(double now) {
  return take_back([now](const Lease& lease) { return lease.deadline <= now; });
}

std::vector<LeaseBook::Returned> LeaseBook::release(const std::string& holder) {
  return take_back([&holder](const Lease& lease) { return lease.holder == holder; });
}

std::vector<std::uint64_t> LeaseBook::unfinished() const {
  std::vector<std::uint64_t> tasks(returned_.begin(), returned_.end());
  for (const auto& [task, lease] : out_) tasks.push_back(task);
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

}  // namespace qstar

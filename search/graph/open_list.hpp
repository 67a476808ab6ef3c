// The priority queue of the best-first searches: exact, and cheap at 10^7 entries.
//
// Priorities are spread over buckets 1/64 wide; what is pushed is appended to its bucket and not
// looked at again until that comes to the front and is sorted. What is pushed to a bucket that has
// been sorted goes to a small binary heap beside it. So a push or pop works on memory that is near,
// where a heap of 10^7 entries misses the cache at every level; also when estimates are
// inconsistent and the front moves to and fro. Priorities of 128 and more share the last bucket:
// still exact, no longer faster than sorting.
//
// Order: smallest priority first; among equal ones, the largest node number first, which is the
// node met last: a search that ties goes deep instead of wide. The order is total, so what is
// popped does not depend on how the queue works inside.
//
// Memory: 8 bytes an entry in vectors that double and are freed when their bucket is empty, and 450
// KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qstar::search {

class OpenList {
 public:
  struct Entry {
    float priority;
    std::uint32_t node;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  OpenList();
  // `priority` is at least 0 and finite. The same node may be in the list more than once.
  void push(float priority, std::uint32_t node);
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // Both need an entry.
  Entry top();
  void pop();
  void clear();

  // A node that will probably be popped some entries from now, for prefetching; 0 when unknown.
  std::uint32_t upcoming() const;
  std::size_t bytes() const;

 private:
  struct Bucket {
    std::vector<std::uint64_t> run;   // sorted ones: largest first
    std::vector<std::uint64_t> late;  // pushed after it was sorted; a heap, smallest first
    bool sorted = false;

    bool empty() const { return run.empty() && late.empty(); }
    bool late_first() const { return run.empty() || (!late.empty() && late.front() < run.back()); }
    std::size_t bytes() const { return (run.capacity() + late.capacity()) * sizeof(run[0]); }
  };
  Bucket& front();  // the first bucket that is not empty, sorted

  std::vector<Bucket> buckets_;
  std::size_t front_ = 0, last_ = 0;  // buckets below the one and above the other are empty
  std::size_t size_ = 0;
  std::size_t bucket_bytes_ = 0;
};

}  // namespace qstar::search

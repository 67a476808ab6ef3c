// The priority queue of the best-first searches: exact, and cheap at 10^7 entries.
//
// Priorities are spread over buckets 1/64 wide; what is pushed beyond the front bucket is appended
// there and not looked at again until its bucket comes to the front and is sorted. What is pushed
// at or before the front goes to a small binary heap. So a push or pop works on memory that is
// near, where a heap of 10^7 entries misses the cache at every level. Priorities of 128 and more
// share the last bucket: still exact, no longer faster than sorting.
//
// Order: smallest priority first; among equal ones, the largest node number first, which is the
// node met last: a search that ties goes deep instead of wide. The order is total, so what is
// popped does not depend on how the queue works inside.
//
// Memory: 8 bytes an entry in vectors that double, so 8 to 16, and 200 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qstar {

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
  void settle();  // brings the next bucket to the front when the front is used up
  bool late_first() const;

  std::vector<std::vector<std::uint64_t>> buckets_;
  std::vector<std::uint64_t> run_;   // the front bucket, largest first
  std::vector<std::uint64_t> late_;  // pushed at or before the front; a heap, smallest first
  std::size_t front_ = 0;            // buckets below it, and it, are empty
  std::size_t size_ = 0;
  std::size_t bucket_bytes_ = 0;
};

}  // namespace qstar

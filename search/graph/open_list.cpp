#include "search/graph/open_list.hpp"

#include <algorithm>
#include <bit>
#include <functional>

#include "core/result.hpp"

namespace qstar::search {
namespace {

constexpr std::size_t kBuckets = 8192;
constexpr float kBucketsPerUnit = 64;
constexpr std::size_t kEntriesAhead = 12;  // entries between a prefetch and its use

// Bits of floats that are not negative are ordered as the floats are.
std::uint64_t key_of(float priority, std::uint32_t node) {
  return std::uint64_t{std::bit_cast<std::uint32_t>(priority)} << 32 | (~node & 0xFFFFFFFFU);
}
std::uint32_t node_in(std::uint64_t key) { return ~static_cast<std::uint32_t>(key); }

std::size_t bucket_of(float priority) {
  const float place = priority * kBucketsPerUnit;
  return place < static_cast<float>(kBuckets - 1) ? static_cast<std::size_t>(place) : kBuckets - 1;
}

}  // namespace

OpenList::OpenList() : buckets_(kBuckets) {}

void OpenList::push(float priority, std::uint32_t node) {
  QSTAR_ASSERT(priority >= 0, std::to_string(priority));
  const std::uint64_t key = key_of(priority + 0.0F, node);  // -0 becomes 0
  const std::size_t number = bucket_of(priority);
  Bucket& bucket = buckets_[number];
  const std::size_t before = bucket.bytes();
  if (bucket.sorted) {
    bucket.late.push_back(key);
    std::push_heap(bucket.late.begin(), bucket.late.end(), std::greater<>());
  } else {
    bucket.run.push_back(key);
  }
  bucket_bytes_ += bucket.bytes() - before;
  front_ = size_ == 0 ? number : std::min(front_, number);
  last_ = std::max(last_, number);
  ++size_;
}

OpenList::Bucket& OpenList::front() {
  while (buckets_[front_].empty()) ++front_;
  Bucket& bucket = buckets_[front_];
  if (!bucket.sorted) {
    std::sort(bucket.run.begin(), bucket.run.end(), std::greater<>());
    bucket.sorted = true;
  }
  return bucket;
}

OpenList::Entry OpenList::top() {
  QSTAR_ASSERT(size_ > 0, "top of an empty list");
  const Bucket& bucket = front();
  const std::uint64_t key = bucket.late_first() ? bucket.late.front() : bucket.run.back();
  return {std::bit_cast<float>(static_cast<std::uint32_t>(key >> 32)), node_in(key)};
}

void OpenList::pop() {
  QSTAR_ASSERT(size_ > 0, "pop of an empty list");
  Bucket& bucket = front();
  --size_;
  if (bucket.late_first()) {
    std::pop_heap(bucket.late.begin(), bucket.late.end(), std::greater<>());
    bucket.late.pop_back();
  } else {
    bucket.run.pop_back();
  }
  if (!bucket.empty()) return;
  bucket_bytes_ -= bucket.bytes();
  bucket = {};
}

void OpenList::clear() {
  for (std::size_t i = front_; i <= last_; ++i) buckets_[i] = {};
  front_ = last_ = size_ = bucket_bytes_ = 0;
}

std::uint32_t OpenList::upcoming() const {
  const auto& run = buckets_[front_].run;
  return run.size() > kEntriesAhead ? node_in(run[run.size() - 1 - kEntriesAhead]) : 0;
}

std::size_t OpenList::bytes() const { return kBuckets * sizeof(Bucket) + bucket_bytes_; }

}  // namespace qstar::search

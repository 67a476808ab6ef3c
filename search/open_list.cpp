#include "search/open_list.hpp"

#include <algorithm>
#include <bit>
#include <functional>

#include "core/result.hpp"

namespace qstar {
namespace {

constexpr std::size_t kBuckets = 8192;
constexpr float kBucketsPerUnit = 64;
constexpr std::size_t kAhead = 12;  // entries between a prefetch and its use

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
  ++size_;
  const std::size_t bucket = bucket_of(priority);
  if (bucket <= front_) {
    late_.push_back(key);
    std::push_heap(late_.begin(), late_.end(), std::greater<>());
    return;
  }
  auto& entries = buckets_[bucket];
  const std::size_t before = entries.capacity();
  entries.push_back(key);
  bucket_bytes_ += (entries.capacity() - before) * sizeof(key);
}

void OpenList::settle() {
  if (!run_.empty() || !late_.empty()) return;
  while (buckets_[front_].empty()) ++front_;
  bucket_bytes_ -= buckets_[front_].capacity() * sizeof(std::uint64_t);
  run_ = std::move(buckets_[front_]);
  buckets_[front_] = {};
  std::sort(run_.begin(), run_.end(), std::greater<>());
}

bool OpenList::late_first() const {
  return run_.empty() || (!late_.empty() && late_.front() < run_.back());
}

OpenList::Entry OpenList::top() {
  QSTAR_ASSERT(size_ > 0, "top of an empty list");
  settle();
  const std::uint64_t key = late_first() ? late_.front() : run_.back();
  return {std::bit_cast<float>(static_cast<std::uint32_t>(key >> 32)), node_in(key)};
}

void OpenList::pop() {
  QSTAR_ASSERT(size_ > 0, "pop of an empty list");
  settle();
  --size_;
  if (late_first()) {
    std::pop_heap(late_.begin(), late_.end(), std::greater<>());
    late_.pop_back();
  } else {
    run_.pop_back();
  }
}

void OpenList::clear() {
  for (std::size_t i = front_; i < kBuckets; ++i) buckets_[i] = {};
  run_.clear();
  late_.clear();
  front_ = size_ = bucket_bytes_ = 0;
}

std::uint32_t OpenList::upcoming() const {
  return run_.size() > kAhead ? node_in(run_[run_.size() - 1 - kAhead]) : 0;
}

std::size_t OpenList::bytes() const {
  return kBuckets * sizeof(buckets_[0]) + bucket_bytes_ +
         (run_.capacity() + late_.capacity()) * sizeof(std::uint64_t);
}

}  // namespace qstar

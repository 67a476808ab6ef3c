#include "search/graph/edge_sieve.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "core/lanes.hpp"

namespace qstar::search {
namespace {

using lanes::kLanes, lanes::load, lanes::store;
using Floats = lanes::Floats;
using Counts = lanes::Ints;

constexpr std::size_t kBlock = 2 * kLanes;  // costs that are looked at together
constexpr std::size_t kGroup = 8;           // keys that are compared together
constexpr std::size_t kFew = 96;            // keys that are sorted by counting

// An edge as a number: ordered by cost, then by move.
std::int64_t key_of(float cost, std::size_t move) {
  const auto bits = std::bit_cast<std::int32_t>(cost + 0.0F);  // -0 becomes 0
  const std::int64_t ordered = bits < 0 ? bits ^ 0x7FFFFFFF : bits;
  return ordered * (std::int64_t{1} << 32) + static_cast<std::int64_t>(move);
}
ScoredEdge edge_of(std::int64_t key) {
  const auto ordered = static_cast<std::int32_t>(key >> 32);
  return {std::bit_cast<float>(ordered < 0 ? ordered ^ 0x7FFFFFFF : ordered),
          static_cast<environment::Move>(key)};
}

// A block of costs, the end of a row filled up with what is no edge.
struct Block {
  Floats low, high;
};
Block block_of(std::span<const float> costs, std::size_t at) {
  if (costs.size() - at >= kBlock)
    return {load<Floats>(&costs[at]), load<Floats>(&costs[at + kLanes])};
  std::array<float, kBlock> rest;
  rest.fill(kNoEdge);
  std::copy(costs.begin() + static_cast<std::ptrdiff_t>(at), costs.end(), rest.begin());
  return {load<Floats>(rest.data()), load<Floats>(rest.data() + kLanes)};
}
Block min(const Block& a, const Block& b) {  // b where a is NaN
  return {lanes::min(a.low, b.low), lanes::min(a.high, b.high)};
}

// The count-th smallest, 0 < count <= 32.
float nth_of(const Block& block, std::size_t count) {
  std::array<float, kBlock> costs;
  store(costs.data(), block.low);
  store(costs.data() + kLanes, block.high);
  Counts low_ranks{}, high_ranks{};  // minus how many are no larger
  for (const float cost : costs) {
    low_ranks += block.low >= lanes::splat<Floats>(cost);
    high_ranks += block.high >= lanes::splat<Floats>(cost);
  }
  const auto enough = lanes::splat<Counts>(1 - static_cast<std::int32_t>(count));
  const auto none = lanes::splat<Floats>(kNoEdge);
  std::array<float, kLanes> ranked;
  store(ranked.data(), lanes::min(lanes::select(low_ranks < enough, block.low, none),
                                  lanes::select(high_ranks < enough, block.high, none)));
  return *std::min_element(ranked.begin(), ranked.end());
}

// A cost that at least `count` <= 32 of many do not exceed, and few more: the count-th smallest of
// the minima of 32 columns.
float part_cut(std::span<const float> costs, std::size_t count) {
  Block even{lanes::splat<Floats>(kNoEdge), lanes::splat<Floats>(kNoEdge)};
  Block odd = even;
  std::size_t at = 0;
  for (; at + kBlock < costs.size(); at += 2 * kBlock) {
    even = min(block_of(costs, at), even);
    odd = min(block_of(costs, at + kBlock), odd);
  }
  if (at < costs.size()) even = min(block_of(costs, at), even);
  return nth_of(min(even, odd), count);
}

// The same of any count, of more than 4 * count costs: each part of them has its share.
float cut_of(std::span<const float> costs, std::size_t count) {
  const std::size_t parts = (count + kLanes - 1) / kLanes;
  const std::size_t length = costs.size() / parts / kBlock * kBlock;
  float cut = -kNoEdge;
  for (std::size_t i = 0; i + 1 < parts; ++i)
    cut = std::max(cut, part_cut(costs.subspan(i * length, length), kLanes));
  const auto last = costs.subspan((parts - 1) * length);
  return std::max(cut, part_cut(last, count - (parts - 1) * kLanes));
}

}  // namespace

// Keys of the edges that cost no more than `cut` and less than infinity.
std::span<std::int64_t> EdgeSieve::keys_below(std::span<const float> costs, float cut) {
  keys_.resize(costs.size() + kGroup);
  const auto limit = lanes::splat<Floats>(std::min(cut, std::numeric_limits<float>::max()));
  std::int64_t* end = keys_.data();
  for (std::size_t at = 0; at < costs.size(); at += kBlock) {
    const Block block = block_of(costs, at);
    const std::uint32_t low = lanes::bits(limit >= block.low);
    const std::uint32_t high = lanes::bits(limit >= block.high);
    std::uint32_t below = low | high << kLanes;
    // Mostly one or none, which cannot be guessed: the first one without a branch.
    do {
      const std::size_t move = at + static_cast<std::size_t>(std::countr_zero(below)) % kBlock;
      *end = key_of(costs[move], move);
      end += static_cast<std::ptrdiff_t>(below != 0);
      below &= below - 1;
    } while (below != 0);
  }
  return {keys_.data(), end};
}

// Every key goes to the place that its smaller ones leave it: no branch that cannot be guessed.
void EdgeSieve::sort_few(std::size_t count) {
  std::fill_n(keys_.data() + count, kGroup, std::numeric_limits<std::int64_t>::max());
  for (std::size_t k = 0; k < count; ++k) {
    std::array<std::int64_t, kGroup> smaller{};
    for (std::size_t i = 0; i < count; i += kGroup)
      for (std::size_t lane = 0; lane < kGroup; ++lane)
        smaller[lane] += static_cast<std::int64_t>(keys_[i + lane] < keys_[k]);
    const auto place = std::accumulate(smaller.begin(), smaller.end(), std::int64_t{0});
    edges_[static_cast<std::size_t>(place)] = edge_of(keys_[k]);
  }
}

std::span<const ScoredEdge> EdgeSieve::cheapest(std::span<const float> costs, std::size_t count) {
  if (count == 0) return {};
  auto keys = keys_below(costs, costs.size() > 4 * count ? cut_of(costs, count) : kNoEdge);
  count = std::min(count, keys.size());
  if (keys.size() > std::max(kFew, count)) {
    std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(count) - 1,
                     keys.end());
    keys = keys.first(count);
  }
  edges_.resize(keys.size());
  if (keys.size() <= kFew) {
    sort_few(keys.size());
  } else {
    std::sort(keys.begin(), keys.end());
    std::transform(keys.begin(), keys.end(), edges_.begin(), edge_of);
  }
  return std::span(edges_).first(count);
}

}  // namespace qstar::search

// The search's containers against the plainest ones that do the same.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "core/rng.hpp"
#include "search/graph/edge_store.hpp"
#include "search/graph/open_list.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace search;
namespace {

TEST_CASE("the open list pops in the one order of its entries", "[puzzle]") {
  Rng rng(1);
  for (const double range : {0.1, 5.0, 300.0}) {
    OpenList list;
    std::multiset<std::pair<float, std::int64_t>> all;  // smallest priority, then largest node
    for (int i = 0; i < 20'000; ++i) {
      if (all.empty() || rng.bernoulli(0.6)) {
        const auto priority = static_cast<float>(std::floor(rng.uniform() * 1000) / 1000 * range);
        const auto node = static_cast<std::uint32_t>(rng.below(100));
        list.push(priority, node);
        all.emplace(priority, -static_cast<std::int64_t>(node));
      } else {
        const auto [priority, node] = *all.begin();
        REQUIRE(list.top() == OpenList::Entry{priority, static_cast<std::uint32_t>(-node)});
        list.pop();
        all.erase(all.begin());
      }
      REQUIRE(list.size() == all.size());
    }
    list.clear();
    CHECK(list.empty());
    CHECK(list.bytes() == OpenList().bytes());
    list.push(2, 7);
    CHECK(list.top().node == 7);
    list.push(100, 8);
    list.push(1, 9);  // before what came to the front
    CHECK(list.bytes() > OpenList().bytes());
    for (const std::uint32_t node : {9U, 7U, 8U}) {
      CHECK(list.top().node == node);
      list.pop();
    }
    CHECK(list.bytes() == OpenList().bytes());
  }
}

TEST_CASE("the node table finds every position once", "[puzzle]") {
  NodeTable table(3, 1 << 20);
  std::map<std::array<std::uint8_t, 3>, NodeIndex> known;
  Rng rng(2);
  for (int i = 0; i < 30'000; ++i) {
    const std::array<std::uint8_t, 3> state = {static_cast<std::uint8_t>(rng.below(40)),
                                               static_cast<std::uint8_t>(rng.below(40)),
                                               static_cast<std::uint8_t>(rng.below(20))};
    const auto [index, added] = table.insert(state, NodeTable::hash_of(state));
    const auto [at, fresh] = known.emplace(state, static_cast<NodeIndex>(known.size()));
    REQUIRE(added == fresh);
    REQUIRE(index == at->second);
    const auto kept = table.state(index);
    REQUIRE(std::equal(kept.begin(), kept.end(), state.begin(), state.end()));
  }
  CHECK(table.size() == known.size());
}

TEST_CASE("the node table refuses what exceeds its reserve", "[puzzle]") {
  NodeTable table(4, std::size_t{100} * 20);
  std::vector<std::uint8_t> state(4);
  for (std::uint8_t i = 0; i < 100; ++i) {
    state[0] = i;
    table.insert(state, NodeTable::hash_of(state));
  }
  state[1] = 1;
  CHECK_THROWS_AS(table.insert(state, NodeTable::hash_of(state)), std::bad_alloc);
}

TEST_CASE("edges come cheapest first and each once, however few are kept", "[puzzle]") {
  constexpr std::size_t kMoves = 200;
  Rng rng(4);
  std::vector<float> costs(kMoves);
  std::vector<ScoredEdge> sorted;
  for (std::size_t m = 0; m < kMoves; ++m) {
    costs[m] = rng.bernoulli(0.7) ? static_cast<float>(rng.below(50)) : kNoEdge;
    if (costs[m] < kNoEdge) sorted.push_back({costs[m], static_cast<environment::Move>(m)});
  }
  std::sort(sorted.begin(), sorted.end());
  for (const std::size_t kept : {1U, 3U, 16U, 200U, 1000U}) {
    EdgeStore edges(kMoves, kept, 1 << 16);
    edges.add(0, costs);
    std::size_t rescored = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      auto found = edges.at(0, i);
      if (!found.stored) {
        CHECK(found.edge.cost <= sorted[i].cost);
        edges.add_more(0, costs);
        ++rescored;
        found = edges.at(0, i);
      }
      REQUIRE(found.stored);
      REQUIRE(found.edge == sorted[i]);
    }
    CHECK(rescored <= 5);
    auto last = edges.at(0, sorted.size());
    if (!last.stored && last.edge.cost != kNoEdge) {
      edges.add_more(0, costs);
      last = edges.at(0, sorted.size());
    }
    CHECK(last.edge.cost == kNoEdge);
  }
}

}  // namespace
}  // namespace qstar

// The cheapest edges against what sorting all of them finds; compiled twice, for this machine's
// vectors and for any machine's.
#include <algorithm>
#include <cmath>

#include "core/rng.hpp"
#include "search/graph/edge_sieve.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace search;
namespace {

using Edges = std::vector<ScoredEdge>;

Edges cheapest(EdgeSieve& sieve, const std::vector<float>& costs, std::size_t count) {
  const auto edges = sieve.cheapest(costs, count);
  return {edges.begin(), edges.end()};
}

TEST_CASE("the cheapest of many edges are those that sorting finds", "[puzzle]") {
  Rng rng(5);
  EdgeSieve sieve;
  for (const std::size_t moves : {1U, 31U, 1872U, 64U, 65U, 300U}) {
    for (const std::uint64_t different : {1U, 3U, 1000000U}) {  // costs: ties matter
      std::vector<float> costs(moves);
      Edges sorted;
      for (std::size_t m = 0; m < moves; ++m) {
        const auto drawn = static_cast<float>(rng.below(different)) - 2;
        costs[m] = m % 7 == 3 ? std::nanf("") : m % 5 == 4 ? kNoEdge : drawn;
        if (costs[m] < kNoEdge) sorted.push_back({costs[m], static_cast<environment::Move>(m)});
      }
      std::sort(sorted.begin(), sorted.end());
      for (const std::size_t count : {1U, 7U, 16U, 17U, 48U, 400U, 2000U}) {
        const Edges expected(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(
                                                                  std::min(count, sorted.size())));
        REQUIRE(cheapest(sieve, costs, count) == expected);
      }
    }
  }
}

// Where a cut that is a little too low would lose edges: the cheapest lie in columns of their own,
// as many in each third as a third has to give.
TEST_CASE("no edge is lost where the cut has no room", "[puzzle]") {
  std::vector<float> costs(300, 1000);
  Edges expected;
  for (std::size_t third = 0; third < 3; ++third) {
    for (std::size_t i = 0; i < 16; ++i) {
      const std::size_t move = 96 * third + i;
      costs[move] = static_cast<float>(16 * third + i);
      expected.push_back({costs[move], static_cast<environment::Move>(move)});
    }
  }
  EdgeSieve sieve;
  CHECK(cheapest(sieve, costs, 48) == expected);
  std::reverse(costs.begin(), costs.end());
  std::sort(expected.begin(), expected.end());
  for (ScoredEdge& edge : expected) edge.move = static_cast<environment::Move>(299 - edge.move);
  CHECK(cheapest(sieve, costs, 48) == expected);
}

TEST_CASE("zeros are equal whatever their sign, and less than nothing is least", "[puzzle]") {
  EdgeSieve sieve;
  CHECK(cheapest(sieve, {0.0F, 1.0F, -0.0F, -kNoEdge}, 3) ==
        Edges{{-kNoEdge, 3}, {0.0F, 0}, {0.0F, 2}});
}

TEST_CASE("estimates that are no numbers are no edges", "[puzzle]") {
  EdgeSieve sieve;
  CHECK(cheapest(sieve, {3, NAN, kNoEdge, 1}, 4) == Edges{{1, 3}, {3, 0}});
  CHECK(cheapest(sieve, {NAN, kNoEdge}, 4).empty());
}

TEST_CASE("of no edges and of none wanted there is none", "[puzzle]") {
  EdgeSieve sieve;
  CHECK(cheapest(sieve, {}, 3).empty());
  CHECK(cheapest(sieve, {1, 2}, 0).empty());
}

}  // namespace
}  // namespace qstar

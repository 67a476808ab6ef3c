// Searches that are stopped, estimates that no search can use, and options without an effect.
#include "core/finite.hpp"
#include "environment/puzzle/lights_out.hpp"
#include "search/graph/heuristics.hpp"
#include "search/graph/puzzle_search.hpp"
#include "tests/support/puzzles.hpp"

#include <set>

#include <catch2/catch.hpp>

namespace qstar {
using namespace search;
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

EstimateKind kind_for(std::string_view name) {
  return name == "astar" ? EstimateKind::kValue : EstimateKind::kMoves;
}

Result<PuzzleSolution> solve(std::string_view name, const environment::Puzzle& puzzle,
                             model::CostToGo& heuristic, const std::vector<std::uint8_t>& start,
                             const PuzzleSearchOptions& options) {
  return make_puzzle_search(name).value()->solve(puzzle, heuristic, start, options);
}

std::vector<std::uint8_t> pile(std::size_t n) {
  Rng rng(5);
  return SmallPancake(n).scrambled(60, rng);
}

// How many positions the network has seen.
class Counting final : public model::CostToGo {
 public:
  explicit Counting(model::CostToGo& inner) : inner_(inner) {}
  std::size_t outputs() const override { return inner_.outputs(); }
  void costs(std::span<const std::uint8_t> states, std::span<float> costs) override {
    inner_.costs(states, costs);
    seen += costs.size() / outputs();
    largest = std::max(largest, costs.size() / outputs());
  }
  std::size_t seen = 0, largest = 0;

 private:
  model::CostToGo& inner_;
};

TEST_CASE("a search stops soon after the signal, in batches of any size", "[puzzle]") {
  const SmallPancake puzzle(12);
  const auto start = pile(12);
  for (const auto& name : puzzle_search_names()) {
    for (const std::size_t batch : {1U, 100U, 1'000'000U}) {
      ZeroEstimate zero(puzzle, kind_for(name));
      Counting counting(zero);
      std::size_t seen_when_told = 0;
      PuzzleSearchOptions options{.batch = batch};
      options.stop = [&] {
        if (counting.seen < 200'000) return false;
        if (seen_when_told == 0) seen_when_told = counting.seen;
        return true;
      };
      const auto found = solve(name, puzzle, counting, start, options);
      INFO(name << " " << batch);
      REQUIRE(found);
      CHECK(found->end == SearchEnd::kStopped);
      CHECK(to_string(found->end) == "stopped");
      CHECK_FALSE(found->solved);
      CHECK(counting.seen - seen_when_told <= 4096 * puzzle.moves());
      CHECK(seen_when_told <= 200'000 + 64'000);  // asked in the middle of the largest batch
    }
  }
}

TEST_CASE("a stopped search gives the solution that it had", "[puzzle]") {
  // 0 -> 1 -> 2 -> 4 costs 3, 0 -> 3 -> 4 costs 6; the estimate of 1 hides the cheap way at first.
  const GraphPuzzle puzzle({{0, 1, 1}, {1, 2, 1}, {2, 4, 1}, {0, 3, 1}, {3, 4, 5}}, {4});
  const std::vector<float> h = {0, 8, 0, 0, 0};
  for (const std::string name : {"astar", "qstar"}) {
    std::set<double> costs;  // of stopped searches
    for (int patience = 1; patience < 20; ++patience) {
      TableEstimate estimate(puzzle, name == "qstar",
                             [&](const auto& s) { return h[GraphPuzzle::vertex(s)]; });
      int asked = 0;
      const auto found = solve(name, puzzle, estimate, GraphPuzzle::at(0),
                               {.weight = 2, .stop = [&] { return ++asked > patience; }});
      REQUIRE(found);
      if (found->end == SearchEnd::kStopped) costs.insert(found->cost);
    }
    CHECK(costs.count(0) == 1);
    CHECK(costs.count(6) == 1);
  }
}

TEST_CASE("time runs out within a large batch, too", "[puzzle]") {
  const SmallPancake puzzle(12);
  for (const auto& name : puzzle_search_names()) {
    ZeroEstimate zero(puzzle, kind_for(name));
    Counting counting(zero);
    // A second for every thousand positions that were estimated.
    const auto clock = [&] { return static_cast<double>(counting.seen) / 1000; };
    const auto found = solve(name, puzzle, counting, pile(12),
                             {.batch = 1'000'000, .budget = {.seconds = 300}, .clock = clock});
    REQUIRE(found);
    CHECK(found->end == SearchEnd::kSeconds);
    CHECK(found->statistics.seconds >= 300);
    CHECK(found->statistics.seconds < 300 + 64);
  }
}

TEST_CASE("an estimate that is not a number ends every search with an error", "[puzzle]") {
  const SmallPancake puzzle(7);
  for (const auto& name : puzzle_search_names()) {
    for (const float wrong : {kNan, -kInfinity}) {
      for (const std::size_t batch : {1U, 1000U}) {
        // Only far from the start, and only once.
        std::size_t asked = 0;
        TableEstimate estimate(puzzle, name != "astar",
                               [&](const auto&) { return ++asked == 700 ? wrong : 1.0F; });
        const auto found = solve(name, puzzle, estimate, pile(7), {.batch = batch});
        INFO(name << " " << batch << " " << wrong);
        if (asked < 700) continue;  // a beam may end before
        REQUIRE_FALSE(found);
        CHECK(found.error().code == Errc::kCorrupt);
        CHECK(found.error().message.find("estimates a cost of") == 0);
      }
    }
  }
}

TEST_CASE("infinity is a dead end for a heuristic and an overflow for a network", "[puzzle]") {
  // 0 -> 1 -> 3 costs 2; from 2 there is no way.
  const GraphPuzzle puzzle({{0, 1, 1}, {0, 2, 1}, {1, 3, 1}, {2, 2, 1}}, {3});
  for (const auto& name : puzzle_search_names()) {
    TableEstimate estimate(puzzle, name != "astar", [](const auto& state) {
      return GraphPuzzle::vertex(state) == 2 ? kInfinity : 0.0F;
    });
    const auto found = solve(name, puzzle, estimate, GraphPuzzle::at(0), {});
    REQUIRE(found);
    CHECK(found->cost == 2);
    const auto refused = solve(name, puzzle, estimate, GraphPuzzle::at(0), {.learned = true});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kCorrupt);
    CHECK(refused.error().message.find("inf") != std::string::npos);
    CHECK(refused.error().message.find("weights") != std::string::npos);
  }
}

TEST_CASE("the weight is used where uses_weight() says so, and nowhere else", "[puzzle]") {
  const environment::LightsOut single(4), pairs(3, 2);  // pairs of presses cost 2
  for (const environment::Puzzle* puzzle : {static_cast<const environment::Puzzle*>(&single),
                                            static_cast<const environment::Puzzle*>(&pairs)}) {
    Rng rng(11);
    for (const auto& name : puzzle_search_names()) {
      const auto search = make_puzzle_search(name).value();
      std::size_t different = 0;
      for (int i = 0; i < 20; ++i) {
        const auto start = puzzle->scrambled(6, rng);
        TableEstimate uneven(*puzzle, name != "astar", [](const auto& state) {
          return static_cast<float>((state[0] * 7 + state.back() * 3) % 5);
        });
        const auto of = [&](float weight) {
          return solve(name, *puzzle, uneven, start,
                       {.weight = weight, .batch = 3, .budget = {.nodes = 3000}})
              ->moves;
        };
        different += of(0.25F) != of(2) ? 1 : 0;
      }
      INFO(name << " " << puzzle->moves());
      CHECK(search->uses_weight(*puzzle) == (different > 0));
    }
  }
}

TEST_CASE("a search says beforehand whether it takes estimates", "[puzzle]") {
  const SmallPancake puzzle(5);
  ZeroEstimate value(puzzle, EstimateKind::kValue), moves(puzzle, EstimateKind::kMoves);
  const auto accepts = [&](const char* name, const model::CostToGo& estimate) {
    return make_puzzle_search(name).value()->accepts(puzzle, estimate).has_value();
  };
  CHECK(accepts("astar", value));
  CHECK_FALSE(accepts("astar", moves));
  CHECK_FALSE(accepts("qstar", value));
  CHECK(accepts("qstar", moves));
  for (const char* name : {"greedy", "beam"}) {
    CHECK(accepts(name, value));
    CHECK(accepts(name, moves));
  }
}

}  // namespace
}  // namespace qstar

// The heuristics by name: never above the true cost, and the same as Q and as V.
#include "search/graph/heuristics.hpp"

#include "environment/registry.hpp"
#include "search/graph/puzzle_search.hpp"
#include "tests/support/puzzles.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace search;
namespace {

std::shared_ptr<const environment::Puzzle> puzzle_of(std::string name, std::int64_t size) {
  environment::EnvironmentConfig config;
  config.name = std::move(name);
  config.size = size;
  return environment::make_puzzle(config).value();
}

float value_of(model::CostToGo& estimate, const std::vector<std::uint8_t>& state) {
  float value = -1;
  estimate.costs(state, {&value, 1});
  return value;
}

TEST_CASE("a puzzle offers its own heuristics and zero", "[heuristics]") {
  using Names = std::vector<std::string>;
  CHECK(heuristic_names(*puzzle_of("sliding_tiles", 3)) == Names{"zero", "manhattan"});
  CHECK(heuristic_names(*puzzle_of("pancake", 5)) == Names{"zero", "gaps"});
  CHECK(heuristic_names(*puzzle_of("cube3", 3)) == Names{"zero"});
  const auto refused = make_heuristic("manhattan", puzzle_of("pancake", 5));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kUsage);
  CHECK(refused.error().message ==
        "pancake has no heuristic 'manhattan'; choose one of zero, gaps");
}

TEST_CASE("heuristics say what the counts of the puzzle say", "[heuristics]") {
  const auto tiles = puzzle_of("sliding_tiles", 3);
  const auto state = tiles->parse("1 2 3 4 5 6 0 7 8").value();  // 7 and 8 are a step away
  CHECK(value_of(**make_heuristic("manhattan", tiles), state) == 2);
  CHECK(value_of(**make_heuristic("zero", tiles), state) == 0);
  const auto pancakes = puzzle_of("pancake", 6);
  const auto stack = pancakes->parse("3 1 2 6 5 4").value();  // 3|1, 2|6, 4|plate
  CHECK(value_of(**make_heuristic("gaps", pancakes), stack) == 3);
}

TEST_CASE("no heuristic exceeds the true cost anywhere", "[heuristics]") {
  const auto puzzle = puzzle_of("pancake", 5);
  const auto table = cost_table(*puzzle, puzzle->parse("1 2 3 4 5").value());
  for (const auto& name : heuristic_names(*puzzle)) {
    const auto heuristic = make_heuristic(name, puzzle).value();
    for (const auto& [state, cost] : table) REQUIRE(value_of(*heuristic, state) <= cost);
  }
}

TEST_CASE("a Q of a V is the move's cost and V of the child", "[heuristics]") {
  environment::EnvironmentConfig config;
  config.name = "cube3";
  config.turns = 2;  // moves of cost 1 and 2
  const auto costly = environment::make_puzzle(config).value();
  for (const auto& puzzle : {costly, puzzle_of("sliding_tiles", 4)}) {
    const auto name = heuristic_names(*puzzle).back();
    const auto value = make_heuristic(name, puzzle).value();
    const auto moves = make_heuristic(name, puzzle, EstimateKind::kMoves).value();
    REQUIRE(moves->outputs() == puzzle->moves());
    Rng rng(7);
    auto states = puzzle->scrambled(30, rng);
    const auto second = puzzle->scrambled(31, rng);
    states.insert(states.end(), second.begin(), second.end());
    std::vector<float> costs(2 * puzzle->moves());
    moves->costs(states, costs);
    for (const environment::Move move : legal_moves(*puzzle, second)) {
      CHECK(costs[puzzle->moves() + move] ==
            puzzle->cost(move) + value_of(*value, after(*puzzle, second, move)));
    }
  }
}

TEST_CASE("A* and Q* find solutions of the same cost by a heuristic", "[heuristics]") {
  const auto puzzle = puzzle_of("sliding_tiles", 3);
  const auto value = make_heuristic("manhattan", puzzle).value();
  const auto moves = make_heuristic("manhattan", puzzle, EstimateKind::kMoves).value();
  Rng rng(3);
  for (int i = 0; i < 10; ++i) {
    const auto start = puzzle->scrambled(40, rng);
    const auto astar = make_puzzle_search("astar").value()->solve(*puzzle, *value, start, {});
    const auto qstar = make_puzzle_search("qstar").value()->solve(*puzzle, *moves, start, {});
    REQUIRE((astar && qstar && astar->solved));
    CHECK(astar->cost == qstar->cost);
    CHECK(qstar->statistics.nodes_generated < astar->statistics.nodes_generated);
  }
}

}  // namespace
}  // namespace qstar

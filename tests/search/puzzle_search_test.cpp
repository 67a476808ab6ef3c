// Every puzzle search on graphs worked out by hand and on whole small spaces.
#include "environment/puzzle/countdown.hpp"
#include "search/graph/heuristics.hpp"
#include "search/graph/puzzle_search.hpp"
#include "tests/support/puzzles.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
using namespace search;
namespace {

PuzzleSolution solve(std::string_view name, const Puzzle& puzzle, model::CostToGo& heuristic,
                     const std::vector<std::uint8_t>& start,
                     const PuzzleSearchOptions& options = {}) {
  const auto search = make_puzzle_search(name);
  REQUIRE(search);
  auto solution = (*search)->solve(puzzle, heuristic, start, options);
  REQUIRE(solution);
  return std::move(*solution);
}

bool of_moves(std::string_view name) { return name == "qstar"; }

// 0 -> 1 -> 2 -> 4 costs 1 + 1 + 1; 0 -> 3 -> 4 costs 1 + 5; 0 -> 2 costs 4; nothing leaves 5.
GraphPuzzle diamond() {
  return {{{0, 1, 1}, {1, 2, 1}, {2, 4, 1}, {0, 3, 1}, {3, 4, 5}, {0, 2, 4}, {0, 5, 1}}, {4}};
}

TEST_CASE("A* and Q* find the cheapest path of a graph", "[puzzle]") {
  const auto puzzle = diamond();
  for (const std::string name : {"astar", "qstar"}) {
    for (const std::size_t batch : {1U, 2U, 1000U}) {
      ZeroEstimate zero(puzzle, of_moves(name) ? EstimateKind::kMoves : EstimateKind::kValue);
      const auto solution = solve(name, puzzle, zero, GraphPuzzle::at(0), {.batch = batch});
      CHECK(solution.moves == std::vector<Move>{0, 1, 2});
      CHECK(solution.cost == 3);
      CHECK(solution.lower_bound == 3);
      CHECK(solution.end == SearchEnd::kFinished);
      CHECK(solution.statistics.nodes_stored <= 6);
    }
  }
}

TEST_CASE("Q* makes one node an edge, A* all children of a node", "[puzzle]") {
  const auto puzzle = diamond();
  const auto table = cost_table(puzzle, GraphPuzzle::at(0));
  TableEstimate moves(puzzle, true, table), value(puzzle, false, table);
  const auto qstar = solve("qstar", puzzle, moves, GraphPuzzle::at(0));
  CHECK(qstar.statistics.nodes_generated == 4);  // the start, 1, 2, 4
  CHECK(qstar.statistics.edges_scored == 3 * puzzle.moves());
  CHECK(qstar.statistics.expanded == 3);
  const auto astar = solve("astar", puzzle, value, GraphPuzzle::at(0));
  CHECK(astar.statistics.nodes_generated == 7);  // and 2, 3, 5 as further children of the start
  CHECK(astar.statistics.expanded == 3);
}

TEST_CASE("a goal at the start needs no moves", "[puzzle]") {
  const auto puzzle = diamond();
  for (const auto& name : puzzle_search_names()) {
    ZeroEstimate zero(puzzle, name == "astar" ? EstimateKind::kValue : EstimateKind::kMoves);
    const auto solution = solve(name, puzzle, zero, GraphPuzzle::at(4));
    CHECK(solution.solved);
    CHECK(solution.moves.empty());
    CHECK(solution.end == SearchEnd::kFinished);
    CHECK(solution.statistics.nodes_generated == 1);
    CHECK(solution.statistics.edges_scored == 0);
  }
}

TEST_CASE("what has no solution is exhausted", "[puzzle]") {
  const auto puzzle = diamond();
  for (const auto& name : puzzle_search_names()) {
    ZeroEstimate zero(puzzle, name == "astar" ? EstimateKind::kValue : EstimateKind::kMoves);
    const auto solution = solve(name, puzzle, zero, GraphPuzzle::at(5));
    CHECK_FALSE(solution.solved);
    CHECK(solution.moves.empty());
    CHECK(solution.end == SearchEnd::kExhausted);
  }
}

TEST_CASE("A* and Q* find what Countdown's oracle finds", "[puzzle]") {
  const Countdown puzzle(4);
  Rng rng(5);
  std::size_t unsolvable = 0;
  for (int i = 0; i < 60; ++i) {
    auto position = countdown::drawn_numbers(4, rng);
    position.target = static_cast<std::uint32_t>(rng.between(20, 200));
    const auto start = *puzzle.parse(countdown::text(position));
    const auto known = puzzle.shortest_solution(start);
    unsolvable += !known;
    for (const std::string name : {"astar", "qstar"}) {
      ZeroEstimate zero(puzzle, of_moves(name) ? EstimateKind::kMoves : EstimateKind::kValue);
      const auto solution = solve(name, puzzle, zero, start, {.batch = 7});
      INFO(countdown::text(position));
      REQUIRE(solution.solved == known.has_value());
      REQUIRE(solution.end == (known ? SearchEnd::kFinished : SearchEnd::kExhausted));
      if (known) REQUIRE(solution.moves.size() == known->size());
    }
  }
  CHECK(unsolvable > 10);
  CHECK(unsolvable < 50);
}

TEST_CASE("a cheaper path opens a node again", "[puzzle]") {
  // h is admissible and not consistent: vertex 1 looks bad, so 2 is expanded at cost 4 first.
  const GraphPuzzle puzzle({{0, 1, 1}, {1, 2, 1}, {0, 2, 4}, {2, 3, 1}, {3, 4, 9}}, {4});
  const std::vector<float> h = {0, 11, 0, 0, 0};
  for (const std::string name : {"astar", "qstar"}) {
    TableEstimate estimate(puzzle, of_moves(name),
                           [&](const auto& s) { return h[GraphPuzzle::vertex(s)]; });
    const auto solution = solve(name, puzzle, estimate, GraphPuzzle::at(0));
    CHECK(solution.cost == 12);
    CHECK(solution.moves == std::vector<Move>{0, 1, 3, 4});
    CHECK(solution.statistics.reopened >= 1);
  }
}

TEST_CASE("moves without cost make no loops", "[puzzle]") {
  const GraphPuzzle puzzle({{0, 1, 0}, {1, 0, 0}, {1, 2, 0}, {2, 0, 0}, {2, 3, 2}, {0, 3, 3}}, {3});
  for (const std::string name : {"astar", "qstar"}) {
    for (const std::size_t batch : {1U, 1000U}) {
      ZeroEstimate zero(puzzle, of_moves(name) ? EstimateKind::kMoves : EstimateKind::kValue);
      const auto solution = solve(name, puzzle, zero, GraphPuzzle::at(0), {.batch = batch});
      CHECK(solution.cost == 2);
      CHECK(solution.moves == std::vector<Move>{0, 2, 4});
    }
  }
}

void compare_whole_space(const Puzzle& puzzle, const std::vector<std::uint8_t>& start) {
  const auto table = cost_table(puzzle, start);
  for (const std::string name : {"astar", "qstar"}) {
    TableEstimate exact(puzzle, of_moves(name), table);
    ZeroEstimate zero(puzzle, of_moves(name) ? EstimateKind::kMoves : EstimateKind::kValue);
    // Admissible and far from consistent: between nothing and everything, by the position's bytes.
    TableEstimate uneven(puzzle, of_moves(name), [&](const auto& s) {
      return std::floor(table.at(s) * static_cast<float>(s[0] % 3) / 2);
    });
    for (const std::size_t batch : {1U, 7U, 1000U}) {
      for (const std::size_t kept : {1U, 2U, 16U}) {
        const PuzzleSearchOptions options{.batch = batch, .kept_edges = kept};
        std::size_t wrong = 0;
        for (const auto& [state, cost] : table) {
          for (model::CostToGo* h :
               {static_cast<model::CostToGo*>(&exact), static_cast<model::CostToGo*>(&zero),
                static_cast<model::CostToGo*>(&uneven)}) {
            const auto found = solve(name, puzzle, *h, state, options);
            const bool right = found.solved && found.cost == cost && found.lower_bound == cost;
            wrong += right && found.end == SearchEnd::kFinished ? 0 : 1;
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}

// A batch of more positions than are scored together: 100 lead from the start to a dead end, then
// to the goal, the cheapest way by one of the last; as many moves as make a group of 64 positions.
TEST_CASE("Q* scores a large batch of many moves whole", "[puzzle]") {
  constexpr std::uint16_t kWide = 100, kDeadEnd = kWide + 1, kGoal = kWide + 2;
  std::vector<GraphPuzzle::Arc> arcs;
  for (std::uint16_t v = 1; v <= kWide; ++v) {
    arcs.push_back({0, v, 1});
    arcs.push_back({v, kDeadEnd, 1});
    arcs.push_back({v, kGoal, v == 97 ? 2.0F : 3.0F});
  }
  while (arcs.size() < 1100) arcs.push_back({500, 501, 1});
  const GraphPuzzle puzzle(arcs, {kGoal});
  for (const std::size_t kept : {1U, 200U}) {
    ZeroEstimate zero(puzzle, EstimateKind::kMoves);
    const auto solution =
        solve("qstar", puzzle, zero, GraphPuzzle::at(0), {.batch = 1000, .kept_edges = kept});
    CHECK(solution.cost == 3);
    CHECK(solution.moves == std::vector<Move>{3 * 96, 3 * 96 + 2});
    CHECK(solution.statistics.nodes_stored == kWide + 3);
    CHECK(solution.statistics.nodes_generated <= 1 + 3 * kWide);  // no edge is taken twice
    // The start, all that it leads to, and the dead end.
    if (kept == 200) CHECK(solution.statistics.edges_scored == (kWide + 2) * puzzle.moves());
  }
}

TEST_CASE("A* and Q* are optimal on all of a space", "[puzzle]") {
  compare_whole_space(SmallPancake(5), {0, 1, 2, 3, 4});
  compare_whole_space(SmallPancake(4, {1, 0, 3}), {0, 1, 2, 3});
}

TEST_CASE("a weight keeps its promise", "[puzzle]") {
  const SmallPancake puzzle(5, {1, 4, 2, 3});
  const auto table = cost_table(puzzle, {0, 1, 2, 3, 4});
  for (const std::string name : {"astar", "qstar"}) {
    TableEstimate uneven(puzzle, of_moves(name), [&](const auto& s) {
      return table.at(s) * static_cast<float>(s[0] % 3) / 2;
    });
    for (const float weight : {0.5F, 0.8F, 1.0F, 2.0F}) {
      double total = 0, best = 0;
      for (const auto& [state, cost] : table) {
        const auto found = solve(name, puzzle, uneven, state, {.weight = weight, .batch = 3});
        REQUIRE(found.solved);
        CHECK(found.cost * std::min(1.0F, weight) <= cost + 1e-4);
        CHECK(found.lower_bound <= cost + 1e-4);
        total += found.cost;
        best += cost;
      }
      if (weight >= 1) CHECK(total == Approx(best));
    }
  }
}

TEST_CASE("greedy and beam solve what they are shown the way in", "[puzzle]") {
  const SmallPancake puzzle(6);
  const auto table = cost_table(puzzle, {0, 1, 2, 3, 4, 5});
  for (const std::string name : {"greedy", "beam"}) {
    for (const bool moves : {false, true}) {
      TableEstimate exact(puzzle, moves, table);
      std::size_t wrong = 0;
      for (const auto& [state, cost] : table) {
        const auto found = solve(name, puzzle, exact, state, {.batch = 2});
        wrong += found.solved && found.cost == cost ? 0 : 1;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("the same search gives the same result, in any batch no more nodes than allowed",
          "[puzzle]") {
  const SmallPancake puzzle(9);
  Rng rng(3);
  const auto start = puzzle.scrambled(50, rng);
  std::size_t spent = 0;
  for (const auto& name : puzzle_search_names()) {
    ZeroEstimate zero(puzzle, name == "astar" ? EstimateKind::kValue : EstimateKind::kMoves);
    for (const std::size_t batch : {1U, 100U}) {
      const PuzzleSearchOptions options{.batch = batch, .budget = {.nodes = 777}};
      const auto once = solve(name, puzzle, zero, start, options);
      const auto again = solve(name, puzzle, zero, start, options);
      CHECK(once.moves == again.moves);
      CHECK(once.end == again.end);
      CHECK(once.statistics.nodes_generated == again.statistics.nodes_generated);
      CHECK(once.statistics.nodes_generated <= 777);
      if (once.end != SearchEnd::kNodes) continue;
      CHECK(once.statistics.nodes_generated == 777);
      ++spent;
    }
  }
  CHECK(spent > 3);
}

TEST_CASE("time and memory end a search with what it has", "[puzzle]") {
  const SmallPancake puzzle(12);
  Rng rng(5);
  const auto start = puzzle.scrambled(60, rng);
  for (const std::string name : {"astar", "qstar"}) {
    ZeroEstimate zero(puzzle, of_moves(name) ? EstimateKind::kMoves : EstimateKind::kValue);
    double time = 0;
    const auto late =
        solve(name, puzzle, zero, start,
              {.batch = 10, .budget = {.seconds = 100}, .clock = [&] { return time += 0.5; }});
    CHECK(late.end == SearchEnd::kSeconds);
    CHECK(late.statistics.seconds >= 100);
    CHECK(late.statistics.seconds < 110);
    CHECK(late.statistics.seconds_network > 0);
    const auto& s = late.statistics;
    CHECK(s.seconds_network + s.seconds_queue + s.seconds_environment <= s.seconds);

    const std::uint64_t memory = 4 << 20;
    const auto full =
        solve(name, puzzle, zero, start, {.batch = 100, .budget = {.memory_bytes = memory}});
    CHECK(full.end == SearchEnd::kMemory);
    CHECK_FALSE(full.solved);
    CHECK(full.statistics.peak_memory_bytes <= memory + memory / 4);
    CHECK(full.statistics.peak_memory_bytes > memory / 2);
    CHECK(full.statistics.nodes_stored > 10'000);
    CHECK(solve(name, puzzle, zero, start, {.budget = {.memory_bytes = 1}}).end ==
          SearchEnd::kMemory);
  }
}

TEST_CASE("a spent budget returns the best solution so far", "[puzzle]") {
  // The estimates hide the cheap way 0 -> 1 -> 2 -> 4 until the dear one is found.
  const auto puzzle = diamond();
  const std::vector<float> h = {0, 50, 0, 0, 0, 0};
  TableEstimate estimate(puzzle, true, [&](const auto& s) { return h[GraphPuzzle::vertex(s)]; });
  const auto found = solve("qstar", puzzle, estimate, GraphPuzzle::at(0), {.budget = {.nodes = 5}});
  CHECK(found.solved);
  CHECK(found.cost >= 5);
}

TEST_CASE("what cannot be searched is refused in one line", "[puzzle]") {
  const auto puzzle = diamond();
  ZeroEstimate value(puzzle, EstimateKind::kValue), moves(puzzle, EstimateKind::kMoves);
  const auto qstar = std::move(*make_puzzle_search("qstar"));
  const auto astar = std::move(*make_puzzle_search("astar"));
  const auto start = GraphPuzzle::at(0);
  CHECK(qstar->solve(puzzle, value, start, {}).error().code == Errc::kUsage);
  CHECK(astar->solve(puzzle, moves, start, {}).error().code == Errc::kUsage);
  CHECK(astar->solve(puzzle, value, start, {.weight = -1}).error().code == Errc::kUsage);
  CHECK(astar->solve(puzzle, value, start, {.batch = 0}).error().code == Errc::kUsage);
  CHECK(astar->solve(puzzle, value, std::vector<std::uint8_t>(3), {}).error().code ==
        Errc::kBadProblem);
  const auto unknown = make_puzzle_search("qstr");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("astar, beam, greedy, qstar") != std::string::npos);
}

// Says of any position that it is solved, the first time it is asked.
class Liar final : public SmallPuzzle {
 public:
  std::string_view name() const override { return "liar"; }
  std::size_t state_bytes() const override { return 1; }
  std::size_t moves() const override { return 2; }
  void apply(std::span<const std::uint8_t> states, std::span<const Move> moves,
             std::span<std::uint8_t> next) const override {
    for (std::size_t i = 0; i < moves.size(); ++i)
      next[i] = static_cast<std::uint8_t>(states[i] + moves[i] + 1);
  }
  void legal(std::span<const std::uint8_t>, std::span<std::uint8_t> legal) const override {
    std::fill(legal.begin(), legal.end(), std::uint8_t{1});
  }
  bool solved(std::span<const std::uint8_t> state) const override {
    return state[0] > 2 && asked_++ == 0;
  }
  std::vector<std::uint8_t> scrambled(std::size_t, Rng&) const override { return {0}; }

 private:
  mutable int asked_ = 0;
};

TEST_CASE("a path that does not replay is not returned", "[puzzle]") {
  const Liar puzzle;
  ZeroEstimate zero(puzzle, EstimateKind::kMoves);
  const auto found =
      (*make_puzzle_search("qstar"))->solve(puzzle, zero, std::vector<std::uint8_t>{0}, {});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::kCorrupt);
}

}  // namespace
}  // namespace qstar

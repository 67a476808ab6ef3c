#include "learning/cost_to_go/scrambles.hpp"

#include <cmath>
#include <map>
#include <set>

#include "tests/support/corridor_puzzle.hpp"
#include "tests/support/lights_out_puzzle.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace learning;
namespace {

using testing::Corridor;
using testing::SmallLightsOut;

// A position of 3 × 3 Lights Out as a number, and the distance of every position.
std::uint32_t number_of(std::span<const std::uint8_t> state) {
  std::uint32_t number = 0;
  for (const std::uint8_t cell : state) number = 2 * number + cell;
  return number;
}
std::map<std::uint32_t, int> distances() {
  std::map<std::uint32_t, int> table;
  for (std::uint32_t presses = 0; presses < 512; ++presses)
    table[number_of(SmallLightsOut().pressed(presses))] = __builtin_popcount(presses);
  return table;
}

TEST_CASE("batches depend on seed and index alone", "[scrambles]") {
  const auto puzzle = std::make_shared<SmallLightsOut>();
  const ScrambleConfig config{.depth = 5, .batch = 40};
  Scrambles in_order(puzzle, config, 7);
  std::vector<PuzzleExamples> batches;
  for (std::uint64_t i = 0; i < 14; ++i) batches.push_back(in_order.batch(i));
  Scrambles elsewhere(puzzle, config, 7);
  REQUIRE(elsewhere.batch(13) == batches[13]);
  REQUIRE(elsewhere.batch(2) == batches[2]);
  REQUIRE_FALSE(Scrambles(puzzle, config, 8).batch(2) == batches[2]);
  REQUIRE_FALSE(batches[1] == batches[7]);  // the same depths of the next walks
}

TEST_CASE("moves lead to depths that are spread evenly, and bounds are real ways", "[scrambles]") {
  const auto table = distances();
  const auto puzzle = std::make_shared<SmallLightsOut>();
  Scrambles scrambles(puzzle, {.depth = 5, .batch = 600}, 7);
  for (std::uint64_t index : {0U, 3U, 9U}) {
    PuzzleExamples examples = scrambles.batch(index);
    REQUIRE(examples.size() == 600);
    std::map<float, int> depths;
    std::set<environment::Move> moves;
    int at_goal = 0;
    for (std::size_t i = 0; i < 600; ++i) {
      const auto state = std::span(examples.states).subspan(9 * i, 9);
      ++depths[examples.move_bounds[i]];
      moves.insert(examples.moves[i]);
      REQUIRE(table.at(number_of(state)) <= examples.state_bounds[i]);
      puzzle->apply(state, std::span(&examples.moves[i], 1), state);
      REQUIRE(1 + table.at(number_of(state)) <= examples.move_bounds[i]);
      at_goal += puzzle->solved(state) ? 1 : 0;
    }
    REQUIRE(moves.size() == 9);
    REQUIRE(depths.size() == 6);
    for (const auto& [depth, count] : depths) REQUIRE(count == 100);
    REQUIRE(at_goal >= 100);
  }
}

TEST_CASE("a way back costs what its moves cost", "[scrambles]") {
  // Walks go up the corridor from place 0; the way back goes down, at 1 a place, and from the goal
  // itself the only example is to step away and return.
  Scrambles scrambles(std::make_shared<Corridor>(), {.depth = 3, .batch = 40}, 1);
  const PuzzleExamples examples = scrambles.batch(0);
  for (std::size_t i = 0; i < 40; ++i) {
    const float place = examples.states[i];
    const bool down = examples.moves[i] == Corridor::kDown;
    REQUIRE(examples.state_bounds[i] == place);
    REQUIRE(examples.move_bounds[i] == (down ? place : place + 1 + 2));
  }
}

TEST_CASE("puzzles without a way back are scrambled one by one", "[scrambles]") {
  Scrambles scrambles(std::make_shared<Corridor>(/*trap=*/true), {.depth = 9, .batch = 200}, 1);
  const PuzzleExamples examples = scrambles.batch(5);
  REQUIRE(examples == scrambles.batch(5));
  REQUIRE(examples.size() > 100);
  REQUIRE(examples.size() < 200);  // the dead end has no move to learn
  for (const std::uint8_t place : examples.states) REQUIRE(place < 4);
  for (const float bound : examples.move_bounds) REQUIRE(std::isinf(bound));
}

TEST_CASE("random moves are legal, even, and do not turn back without need", "[scrambles]") {
  Rng rng(1);
  const std::vector<std::uint8_t> legal = {0, 1, 1, 0, 1};
  std::map<environment::Move, int> counts;
  for (int i = 0; i < 3000; ++i) ++counts[random_move(legal, 2, rng)];
  REQUIRE(counts.size() == 2);
  REQUIRE(counts[1] == Approx(1500).margin(150));
  REQUIRE(counts[4] == Approx(1500).margin(150));
  const std::vector<std::uint8_t> only = {0, 0, 1};
  REQUIRE(random_move(only, 2, rng) == 2);
  REQUIRE(random_move(std::vector<std::uint8_t>{0, 0}, environment::kNoMove, rng) ==
          environment::kNoMove);
}

}  // namespace
}  // namespace qstar

// Learning Q where moves are several as one (Puzzle::parts).
#include <set>

#include "environment/puzzle/lights_out.hpp"
#include "learning/cost_to_go/puzzle_targets.hpp"
#include "tests/support/puzzle_learning.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace learning;
namespace {

using testing::small_config;

// 2×2, up to two presses at once: cells 0 to 3, then 01, 02, 03, 12, 13, 23.
std::shared_ptr<const environment::Puzzle> presses_at_once() {
  return std::make_shared<environment::LightsOut>(2, 2);
}

TEST_CASE("moves that begin alike are taught together", "[puzzle_learner]") {
  PuzzleLearnerConfig config = small_config("qv");
  config.taught_moves = 2;
  const TaughtOutputs taught(*presses_at_once(), config);
  REQUIRE(taught.rests() == 4);
  // The first row's is the example's own beginning, and 10 is V: 0 with 02, 03 with 01, 12 with 1.
  CHECK(taught.of({{0}, {0}, {9}, {9}}) == std::vector<std::uint16_t>{0, 5, 10});
  CHECK(taught.of({{0}, {6}, {9}, {9}}) == std::vector<std::uint16_t>{6, 4, 10});
  CHECK(taught.of({{0}, {7}, {9}, {9}}) == std::vector<std::uint16_t>{7, 8, 10});
  // Later rows' are spread evenly, whatever the examples' own.
  const std::size_t n = 1000;
  const PuzzleExamples same{
      std::vector<std::uint8_t>(n), std::vector<environment::Move>(n, 3), {}, {}};
  std::vector<int> taught_first(10);
  const auto which = taught.of(same);
  for (std::size_t i = 0; i < n; ++i) ++taught_first[which[3 * i]];
  for (const int count : taught_first) CHECK(count == Approx(100).margin(3));
}

TEST_CASE("targets of macro-actions, by hand", "[puzzle_learner]") {
  const auto puzzle = presses_at_once();
  PuzzleLearnerConfig config = small_config("qv");
  config.taught_moves = 4;
  config.warm_up = 1000;
  auto learner = PuzzleLearner::make(puzzle, config, 1).value();
  Scrambles scrambles(puzzle, config.scrambles, 9);  // until no cost is below a press's own
  for (std::uint64_t i = 0; i < 100; ++i) learner.update(scrambles.batch(i));
  learner.check();
  auto network = inference::PuzzleNetwork::make(learner.target_model(), puzzle).value();
  // Cell 0 pressed away leaves the lamps of 3 (1, 2 and 3 lit: all but its opposite, 0).
  const std::vector<std::uint8_t> state = {0b1001}, behind = {0b1110};
  float here = 0, there = 0;
  std::vector<float> q(10);
  network.values(state, {&here, 1});
  network.costs_and_values(behind, q, {&there, 1});
  here = std::max(here, 0.0F);
  const auto targets = learner.targets({state, {0}, {7}, {9}});
  REQUIRE(targets.size() == 5);
  CHECK(targets[0] == Approx(1 + std::max(there, 0.0F) - here));
  for (std::size_t cell = 1; cell < 4; ++cell)  // no less than a press
    CHECK(targets[cell] == Approx(1 + std::max(q[cell], 1.0F) - here));
  CAPTURE(q[1], q[2], q[3]);  // they differ, so that a mistaken rest shows
  REQUIRE(std::set<float>(targets.begin() + 1, targets.begin() + 4).size() == 3);
  CHECK(targets[4] == 7);
  // The goal itself is behind the first press: 0, whatever the network says of it.
  float one_away = 0;
  network.values(std::vector<std::uint8_t>{0b0111}, {&one_away, 1});
  CHECK(learner.targets({{0b0111}, {0}, {1}, {1}})[0] == Approx(1 - std::max(one_away, 0.0F)));
}

TEST_CASE("Q of macro-actions learns every distance of a small puzzle",
          "[puzzle_learner][learning]") {
  const auto puzzle = std::make_shared<environment::LightsOut>(3, 2);
  PuzzleLearnerConfig config = small_config("qv");
  config.scrambles.depth = 8;
  config.taught_moves = 5;
  config.value_weight = 5;
  config.warm_up = 2000;
  auto learner = PuzzleLearner::make(puzzle, config, 1).value();
  Scrambles scrambles(puzzle, config.scrambles, 9);
  while (learner.updates() < 16000) {
    learner.update(scrambles.batch(static_cast<std::uint64_t>(learner.updates())));
    if (learner.check_due()) learner.check();
  }
  auto network = inference::PuzzleNetwork::make(learner.model(), puzzle).value();
  BestMoves best(*puzzle, network);
  std::size_t solved = 0;
  for (std::uint32_t presses = 0; presses < 512; ++presses) {
    const std::vector<std::uint8_t> state = {static_cast<std::uint8_t>(presses & 0xff),
                                             static_cast<std::uint8_t>(presses >> 8)};
    const PuzzleWalk walk = greedy_walks(*puzzle, best, state, 9).at(0);
    std::size_t cost = 0;
    for (const environment::Move move : walk.moves)
      cost += static_cast<std::size_t>(puzzle->cost(move));
    solved += walk.solved && cost == puzzle->shortest_solution(state).size() ? 1 : 0;
  }
  CHECK(solved == 512);  // all of them, with the fewest presses
}

}  // namespace
}  // namespace qstar

#include "environment/puzzle/pancake.hpp"

#include <algorithm>
#include <map>

#include "tests/support/puzzle_walk.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
namespace {

using namespace testing;

TEST_CASE("pancake: a move turns the top over") {
  const Pancake puzzle(5);
  CHECK(walked(puzzle, "3 1 4 5 2", {"3"}) == "4 1 3 5 2");
  CHECK(walked(puzzle, "3 1 4 5 2", {"5"}) == "2 5 4 1 3");
  CHECK(walked(puzzle, "3 1 4 5 2", {"2", "2"}) == "3 1 4 5 2");
  for (const char* name : {"1", "6", "02", "", "2 ", "x"}) CHECK_FALSE(puzzle.move_of(name));
  CHECK(puzzle.render(*Pancake(3).parse("2 1 3")).find("===") != std::string::npos);
}

TEST_CASE("pancake: a network sees sizes, gaps, and where the top one would fit") {
  const Pancake puzzle(4);
  Position cells(puzzle.cells());
  puzzle.encode(*puzzle.parse("3 1 2 4"), cells);
  CHECK(cells == Position{2, 0, 1, 3,    // sizes less 1
                          1, 0, 1, 0,    // a gap below 3 and 2; none below 1, and 4 is on the plate
                          0, 1, 1, 0});  // above 2 and above 4 the 3 would have no gap
}

TEST_CASE("pancake: what is wrong with a stack is named") {
  const Pancake puzzle(3);
  CHECK(refusal(puzzle, "1 2") ==
        "a position has 3 numbers separated by spaces, but this one has 2");
  CHECK(refusal(puzzle, "0 1 2") == "number 1, \"0\", is not a whole number from 1 to 3");
  CHECK(refusal(puzzle, "1 3 3") ==
        "the number 3 occurs twice; each number from 1 to 3 must occur once");
}

// Moves from the goal to every stack (as text), by breadth-first search.
std::map<std::string, std::size_t> distances(const Pancake& puzzle, const std::string& goal) {
  std::map<std::string, std::size_t> known = {{goal, 0}};
  std::vector<std::string> queue = {goal};
  for (std::size_t at = 0; at < queue.size(); ++at) {
    for (std::size_t move = 0; move < puzzle.moves(); ++move) {
      const auto next = walked(puzzle, queue[at], {puzzle.move_name(static_cast<Move>(move))});
      if (known.emplace(next, known.at(queue[at]) + 1).second) queue.push_back(next);
    }
  }
  return known;
}

TEST_CASE("pancake: gaps never exceed the distance, and the simple solution solves every stack") {
  const Pancake puzzle(6);
  const auto all = distances(puzzle, "1 2 3 4 5 6");
  REQUIRE(all.size() == 720);
  std::size_t farthest = 0;
  for (const auto& [text, distance] : all) {
    const Position stack = *puzzle.parse(text);
    farthest = std::max(farthest, distance);
    REQUIRE(pancake_gaps(stack) <= distance);
    Position position = stack;
    const auto solution = pancake_solution(stack);
    REQUIRE(solution.size() >= distance);
    REQUIRE(solution.size() <= 2 * 6 - 3);
    for (const Move move : solution) position = after(puzzle, position, move);
    REQUIRE(puzzle.solved(position));
  }
  CHECK(farthest == 7);                                    // the 6th pancake number
  CHECK(pancake_gaps(*puzzle.parse("3 1 2 6 5 4")) == 3);  // 3|1, 2|6, 4|plate
}

}  // namespace
}  // namespace qstar

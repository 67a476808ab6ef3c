#include "environment/puzzle/sliding_tiles.hpp"

#include <map>

#include "tests/support/puzzle_files.hpp"
#include "tests/support/puzzle_walk.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
namespace {

using namespace testing;

TEST_CASE("sliding_tiles: a move names the tile's way") {
  const SlidingTiles puzzle(3);
  const std::string middle = "1 2 3 4 0 5 7 8 6";
  CHECK(walked(puzzle, middle, {"U"}) == "1 2 3 4 8 5 7 0 6");
  CHECK(walked(puzzle, middle, {"D"}) == "1 0 3 4 2 5 7 8 6");
  CHECK(walked(puzzle, middle, {"L"}) == "1 2 3 4 5 0 7 8 6");
  CHECK(walked(puzzle, middle, {"R"}) == "1 2 3 0 4 5 7 8 6");
  CHECK(puzzle.solved(*puzzle.parse(walked(puzzle, middle, {"L", "U"}))));
  CHECK_FALSE(puzzle.move_of("u"));
  CHECK_FALSE(puzzle.move_of(""));
}

TEST_CASE("sliding_tiles: a move from outside the board is not legal and changes nothing") {
  const SlidingTiles puzzle(3);
  const Position goal = *puzzle.parse("1 2 3 4 5 6 7 8 0");
  for (const char* name : {"U", "L"}) {
    const Move move = *puzzle.move_of(name);
    CHECK_FALSE(is_legal(puzzle, goal, move));
    CHECK(after(puzzle, goal, move) == goal);
  }
  CHECK(is_legal(puzzle, goal, *puzzle.move_of("D")));
  CHECK(is_legal(puzzle, goal, *puzzle.move_of("R")));
}

TEST_CASE("sliding_tiles: the 2 x 2 puzzle has 12 positions, and parse refuses the other 12") {
  const SlidingTiles puzzle(2);
  std::map<std::string, bool> reached = {{"1 2 3 0", true}};
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    const auto known = reached;
    for (const auto& [text, _] : known) {
      for (const char* move : {"U", "D", "L", "R"}) reached[walked(puzzle, text, {move})] = true;
    }
  }
  CHECK(reached.size() == 12);
  Position order = {0, 1, 2, 3};
  do {
    const std::string text = puzzle.text(order);
    CHECK(puzzle.parse(text).has_value() == reached.contains(text));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("sliding_tiles: what is wrong with a position is named") {
  const SlidingTiles puzzle(3);
  CHECK(refusal(puzzle, "1 2 3 4 5 6 8 7 0") ==
        "the position cannot be solved: its parity is odd (two tiles are swapped)");
  CHECK(refusal(puzzle, "1 2 3 4 5 6 7 0") ==
        "a position has 9 numbers separated by spaces, but this one has 8");
  CHECK(refusal(puzzle, "1 2 3 4 x 6 7 8 0") ==
        "number 5, \"x\", is not a whole number from 0 to 8");
  CHECK(refusal(puzzle, "1 2 3 4 9 6 7 8 0") ==
        "number 5, \"9\", is not a whole number from 0 to 8");
  CHECK(refusal(puzzle, "1 2 3 4 4 6 7 8 0") ==
        "the number 4 occurs twice; each number from 0 to 8 must occur once");
  CHECK(refusal(puzzle, "") == "a position has 9 numbers separated by spaces, but this one has 0");
}

TEST_CASE("sliding_tiles: the distance counts rows and columns, not the blank's") {
  // 8 is one row off, 1 two columns and two rows.
  const std::vector<std::uint8_t> state = {0, 2, 3, 4, 8, 6, 7, 5, 1};
  CHECK(manhattan_distance(state, 3) == 1 + 1 + 4);
  CHECK(manhattan_distance(*SlidingTiles(4).parse("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0"), 4) ==
        0);
}

TEST_CASE("sliding_tiles: drawn as a table") {
  CHECK(SlidingTiles(2).render(std::vector<std::uint8_t>{1, 2, 3, 0}) == "1 2\n3 .");
  const SlidingTiles four(4);
  Rng rng(1);
  CHECK(four.render(four.scrambled(0, rng)) ==
        " 1  2  3  4\n 5  6  7  8\n 9 10 11 12\n13 14 15  .");
}

TEST_CASE("sliding_tiles: published solutions reach the goal, and are no shorter than the bound") {
  for (const std::size_t side : {4U, 5U}) {
    const auto records = puzzle_records(side == 4 ? "puzzle15.jsonl" : "puzzle24.jsonl");
    if (records.empty()) WARN("skipped: no published positions of side " << side);
    const SlidingTiles puzzle(side);
    for (const auto& record : records) {
      const std::vector<std::string> solution = record.at("solution");
      const std::string text = position_text(record);
      REQUIRE(puzzle.solved(*puzzle.parse(walked(puzzle, text, solution))));
      REQUIRE(manhattan_distance(*puzzle.parse(text), side) <= solution.size());
    }
  }
}

}  // namespace
}  // namespace qstar

#include "environment/puzzle/cube3.hpp"

#include <algorithm>
#include <numeric>

#include "tests/support/puzzle_files.hpp"
#include "tests/support/puzzle_walk.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
namespace {

using namespace testing;

Position goal() {
  Position stickers(Cube3::kStickers);
  std::iota(stickers.begin(), stickers.end(), std::uint8_t{0});
  return stickers;
}

// The goal with the stickers at these places moved on by one, the last to the first.
std::string cycled(const std::vector<std::size_t>& places) {
  Position stickers = goal();
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    std::swap(stickers[places[i]], stickers[places[i + 1]]);
  }
  return Cube3().text(stickers);
}

TEST_CASE("cube3: a clockwise turn of the top carries the front's upper row to the left") {
  const Cube3 cube;
  const Position turned = after(cube, goal(), *cube.move_of("U"));
  CHECK(cube.render(turned) ==
        "    UUU\n    UUU\n    UUU\n"
        "FFF RRR BBB LLL\nLLL FFF RRR BBB\nLLL FFF RRR BBB\n"
        "    DDD\n    DDD\n    DDD");
  CHECK(turned[0] == 6);
}

TEST_CASE("cube3: four turns are none, and every move is undone by its inverse") {
  for (const std::size_t depth : {1U, 2U, 3U}) {
    const Cube3 cube(depth);
    Rng rng(depth);
    const Position start = cube.scrambled(30, rng);
    for (std::size_t i = 0; i < cube.moves(); ++i) {
      const auto move = static_cast<Move>(i);
      REQUIRE(after(cube, after(cube, start, move), *cube.inverse(move)) == start);
      REQUIRE(cube.cost(*cube.inverse(move)) == cube.cost(move));
      REQUIRE(cube.move_of(cube.move_name(move)) == move);
    }
    for (const char* name : {"U", "D", "L", "R", "B", "F"}) {
      Position turned = start;
      for (int i = 0; i < 4; ++i) turned = after(cube, turned, *cube.move_of(name));
      REQUIRE(turned == start);
    }
  }
}

TEST_CASE("cube3: R U R' U' has order 6, R U' has order 63, R U has order 105") {
  const Cube3 cube;
  const auto order = [&](const std::vector<std::string>& moves) {
    std::string text = cube.text(goal());
    std::size_t count = 0;
    do {
      text = walked(cube, text, moves);
      ++count;
    } while (text != cube.text(goal()));
    return count;
  };
  CHECK(order({"R", "U", "R'", "U'"}) == 6);
  CHECK(order({"R", "U'"}) == 63);
  CHECK(order({"R", "U"}) == 105);
}

TEST_CASE("cube3: meta-moves are the positions within a number of quarter turns") {
  // Known counts at a distance of exactly 1, 2 and 3 quarter turns: 12, 114, 1068.
  CHECK(Cube3(1).moves() == 12);
  CHECK(Cube3(2).moves() == 12 + 114);
  CHECK(Cube3(3).moves() == 12 + 114 + 1068);
  const Cube3 cube(3), turns;
  for (std::size_t i = 0; i < cube.moves(); ++i) {
    const auto move = static_cast<Move>(i);
    std::vector<std::string> names(1);
    for (const char c : cube.move_name(move)) {
      if (c == ' ') {
        names.emplace_back();
      } else {
        names.back() += c;
      }
    }
    REQUIRE(cube.cost(move) == static_cast<float>(names.size()));
    const std::string one_by_one = walked(turns, turns.text(goal()), names);
    REQUIRE(cube.text(after(cube, goal(), move)) == one_by_one);
    REQUIRE(one_by_one != turns.text(goal()));
  }
}

TEST_CASE("cube3: with repeats there are as many moves as sequences") {
  CHECK(Cube3(1, true).moves() == 12);
  CHECK(Cube3(2, true).moves() == 12 + 12 * 12);
  const Cube3 cube(3, true);
  CHECK(cube.moves() == 12 + 12 * 12 + 12 * 12 * 12 - 12);  // a turn made three times is left out
  CHECK_FALSE(cube.move_of("U U U"));
  const Move nothing = cube.move_of("U U'").value();
  CHECK(after(cube, goal(), nothing) == goal());
  CHECK(cube.cost(nothing) == 2);
  for (const char* name : {"U D", "D U", "R U' R'", "F F"}) {
    const Move move = cube.move_of(name).value();
    CHECK(after(cube, after(cube, goal(), move), *cube.inverse(move)) == goal());
    CHECK(cube.cost(*cube.inverse(move)) <= cube.cost(move));
  }
  CHECK(cube.move_name(*cube.inverse(*cube.move_of("U"))) == "U'");
}

TEST_CASE("cube3: what is wrong with a cube is named") {
  const Cube3 cube;
  REQUIRE(cube.parse(cycled({})));
  CHECK(refusal(cube, "0 1 2") ==
        "a position has 54 numbers separated by spaces, but this one has 3");
  CHECK(refusal(cube, "54" + cycled({}).substr(1)) ==
        "number 1, \"54\", is not a whole number from 0 to 53");
  CHECK(refusal(cube, "1" + cycled({}).substr(1)) ==
        "the number 1 occurs twice; each number from 0 to 53 must occur once");
  CHECK(refusal(cube, cycled({0, 26, 47})) == "the cube cannot be solved: a corner is twisted");
  CHECK(refusal(cube, cycled({1, 23})) == "the cube cannot be solved: an edge is flipped");
  Position swapped = goal();  // the edges up-left and up-front
  std::swap(swapped[1], swapped[3]);
  std::swap(swapped[23], swapped[50]);
  CHECK(refusal(cube, cube.text(swapped)) ==
        "the cube cannot be solved: its parity is odd (two pieces are swapped)");
  CHECK(refusal(cube, cycled({0, 26})).find("do not belong to one piece") != std::string::npos);
  CHECK(refusal(cube, cycled({0, 8})).find("do not belong to one piece") != std::string::npos);
  CHECK(refusal(cube, cycled({4, 13})).find("is a centre") != std::string::npos);
}

TEST_CASE("cube3: what turns make is accepted, and its colours are nine of each") {
  const Cube3 cube;
  Rng rng(7);
  for (int i = 0; i < 200; ++i) {
    const Position state = cube.scrambled(static_cast<std::size_t>(i), rng);
    REQUIRE(cube.parse(cube.text(state)) == state);
    Position cells(cube.cells());
    cube.encode(state, cells);
    for (std::uint8_t colour = 0; colour < 6; ++colour) {
      REQUIRE(std::count(cells.begin(), cells.end(), colour) == 9);
    }
  }
}

TEST_CASE("cube3: published turns are the same, and published solutions reach the goal") {
  const Cube3 cube;
  const auto turns = puzzle_records("cube3_moves.json");
  if (turns.empty()) WARN("skipped: no published turns");
  for (const auto& file : turns) {
    REQUIRE(file.size() == cube.moves());
    for (const auto& [name, permutation] : file.items()) {
      const Cube3::Permutation published = permutation;
      REQUIRE(cube.permutation(*cube.move_of(name)) == published);
    }
  }
  const auto records = puzzle_records("cube3.jsonl");
  if (records.empty()) WARN("skipped: no published cubes");
  for (const auto& record : records) {
    const std::vector<std::string> solution = record.at("solution");
    REQUIRE(cube.solved(*cube.parse(walked(cube, position_text(record), solution))));
  }
}

}  // namespace
}  // namespace qstar

#include "environment/puzzle/lights_out.hpp"

#include <algorithm>
#include <map>

#include "tests/support/puzzle_files.hpp"
#include "tests/support/puzzle_walk.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
namespace {

using namespace testing;

Position solved_by(const LightsOut& puzzle, Position position) {
  for (const Move move : puzzle.shortest_solution(position)) {
    position = after(puzzle, position, move);
  }
  return position;
}

TEST_CASE("lights_out: a press toggles the cell and its neighbours") {
  const LightsOut puzzle(3);
  CHECK(walked(puzzle, "000/000/000", {"1,1"}) == "110/100/000");
  CHECK(walked(puzzle, "000/000/000", {"2,2"}) == "010/111/010");
  CHECK(walked(puzzle, "000/000/000", {"2,2", "2,2"}) == "000/000/000");
  CHECK(walked(puzzle, "000/000/000", {"3,2", "1,1"}) == "110/110/111");
  for (const char* name : {"0,1", "1,4", "4,1", "1.1", "1,", "1,1,"}) {
    CHECK_FALSE(puzzle.move_of(name));
  }
}

TEST_CASE("lights_out: a move may be several presses") {
  const LightsOut puzzle(3, 2);
  CHECK(puzzle.moves() == 9 + 36);
  CHECK(LightsOut(7, 3).moves() == 49 + 1176 + 18424);
  CHECK(walked(puzzle, "000/000/000", {"1,1 3,2"}) == "110/110/111");
  CHECK(puzzle.cost(*puzzle.move_of("1,1")) == 1);
  CHECK(puzzle.cost(*puzzle.move_of("1,1 3,2")) == 2);
  for (std::size_t i = 0; i < puzzle.moves(); ++i) {
    const auto move = static_cast<Move>(i);
    REQUIRE(puzzle.move_of(puzzle.move_name(move)) == move);
    REQUIRE(puzzle.inverse(move) == move);
  }
  for (const char* name :
       {"1,1 ", "1,1 1,1", "1,1 1,2 1,3", "1,1,1,2", "1,1 4,1", " 1,1", "3,2 1,1"}) {
    CHECK_FALSE(puzzle.move_of(name));
  }
}

TEST_CASE("lights_out: chasing shows its presses and the last row") {
  const LightsOut puzzle(3, 1, true);
  Position cells(puzzle.cells());
  REQUIRE(cells.size() == 9 + 9 + 8);
  // 110/100/000: pressing 2,1 and 2,2 puts row 1 out and leaves row 2 as 101 and row 3 as 110;
  // pressing 3,1 and 3,3 then leaves 011 of row 3, which is 0b110, its first lamp being the lowest.
  puzzle.encode(*puzzle.parse("110/100/000"), cells);
  CHECK(cells == Position{1, 1, 0, 1, 0, 0, 0, 0, 0,  // the lamps
                          0, 0, 0, 1, 1, 0, 1, 0, 1,  // the presses
                          0, 0, 0, 0, 0, 0, 1, 0});   // the last row   // the last row
}

TEST_CASE("lights_out: after the chase's presses only the shown last row is lit") {
  Rng rng(3);
  for (const std::size_t side : {4U, 7U, 9U}) {
    const LightsOut puzzle(side, 1, true);
    Position cells(puzzle.cells());
    for (int i = 0; i < 50; ++i) {
      Position position = puzzle.scrambled(40, rng);
      puzzle.encode(position, cells);
      for (std::size_t cell = 0; cell < side * side; ++cell) {
        if (cells[side * side + cell] != 0) {
          position = after(puzzle, position, static_cast<Move>(cell));
        }
      }
      const auto rows = std::span(cells).subspan(2 * side * side);
      REQUIRE(std::count(rows.begin(), rows.end(), 1) == 1);
      const auto pattern =
          static_cast<std::size_t>(std::find(rows.begin(), rows.end(), 1) - rows.begin());
      puzzle.encode(position, cells);
      for (std::size_t cell = 0; cell < side * side; ++cell) {
        const std::size_t in_last = cell - side * (side - 1);
        REQUIRE(cells[cell] == (in_last < side ? pattern >> in_last & 1U : 0U));
      }
    }
  }
}

TEST_CASE("lights_out: separators do not matter, symbols and their number do") {
  const LightsOut puzzle(3);
  CHECK(*puzzle.parse("1 1 0 1 0 0 0 0 0") == *puzzle.parse("110/100/000"));
  CHECK(*puzzle.parse("110100000") == *puzzle.parse("110/100/000"));
  CHECK(refusal(puzzle, "110/100/00") ==
        "a position has 9 lamps, 0 or 1, row by row, but this one has 8");
  CHECK(refusal(puzzle, "110/120/000") == "0 or 1 is expected at character 6");
}

TEST_CASE("lights_out: the null spaces are as large as known") {
  // Sides 2 to 9 (OEIS A159257).
  const std::vector<std::size_t> known = {0, 0, 4, 2, 0, 0, 0, 8};
  for (std::size_t side = 2; side <= 9; ++side) {
    const LightsOut puzzle(side);
    std::vector<LightsOutSolver::Lamps> toggles(side * side);
    for (std::size_t i = 0; i < toggles.size(); ++i) {
      Position dark(puzzle.state_bytes());
      Position cells(puzzle.cells());
      puzzle.encode(after(puzzle, dark, static_cast<Move>(i)), cells);
      for (std::size_t j = 0; j < cells.size(); ++j) toggles[i][j] = cells[j] != 0;
    }
    CHECK(LightsOutSolver(toggles).nullity() == known[side - 2]);
  }
}

TEST_CASE("lights_out: solutions solve, at every side") {
  Rng rng(5);
  for (std::size_t side = 2; side <= 9; ++side) {
    const LightsOut puzzle(side);
    for (std::size_t steps = 0; steps < 40; ++steps) {
      const Position position = puzzle.scrambled(steps, rng);
      REQUIRE(puzzle.parse(puzzle.text(position)) == position);
      REQUIRE(puzzle.shortest_solution(position).size() <= steps);
      REQUIRE(puzzle.solved(solved_by(puzzle, position)));
    }
  }
}

TEST_CASE("lights_out: side 4 has 4096 solvable positions, with the shortest solutions") {
  const LightsOut puzzle(4);
  std::map<std::string, std::size_t> known = {{"0000/0000/0000/0000", 0}};
  std::vector<Position> queue = {Position(puzzle.state_bytes())};
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const std::size_t distance = known.at(puzzle.text(queue[at]));
    REQUIRE(puzzle.shortest_solution(queue[at]).size() == distance);
    for (std::size_t move = 0; move < puzzle.moves(); ++move) {
      Position next = after(puzzle, queue[at], static_cast<Move>(move));
      if (known.emplace(puzzle.text(next), distance + 1).second) queue.push_back(std::move(next));
    }
  }
  CHECK(known.size() == 4096);
  std::size_t accepted = 0;
  for (unsigned lamps = 0; lamps < 1U << 16; ++lamps) {
    std::string text;
    for (unsigned i = 0; i < 16; ++i) text += (lamps >> i & 1U) != 0 ? '1' : '0';
    accepted += puzzle.parse(text).has_value();
  }
  CHECK(accepted == 4096);
}

TEST_CASE("lights_out: published lengths are the shortest ones") {
  const auto records = puzzle_records("lightsout7.jsonl");
  if (records.empty()) WARN("skipped: no published positions");
  const LightsOut puzzle(7);
  for (const auto& record : records) {
    const Position position = *puzzle.parse(position_text(record));
    REQUIRE(puzzle.shortest_solution(position).size() == record.at("optimal_length"));
    REQUIRE(puzzle.solved(solved_by(puzzle, position)));
  }
}

}  // namespace
}  // namespace qstar

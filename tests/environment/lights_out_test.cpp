#include "environment/lights_out.hpp"

#include <map>

#include "tests/support/puzzle_files.hpp"
#include "tests/support/puzzle_walk.hpp"

#include <catch2/catch.hpp>

namespace qstar {
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

TEST_CASE("lights_out: separators do not matter, symbols and their number do") {
  const LightsOut puzzle(3);
  CHECK(*puzzle.parse("1 1 0 1 0 0 0 0 0") == *puzzle.parse("110/100/000"));
  CHECK(*puzzle.parse("110100000") == *puzzle.parse("110/100/000"));
  CHECK(refusal(puzzle, "110/100/00") ==
        "a position has 9 lamps, 0 or 1, row by row, and this has 8");
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

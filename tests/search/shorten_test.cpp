// What is left out of a solution, and what is not.
#include "search/graph/shorten.hpp"

#include "search/graph/puzzle_search.hpp"
#include "tests/support/corridor_puzzle.hpp"
#include "tests/support/lights_out_puzzle.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace search;
namespace {

using testing::Corridor;
using testing::SmallLightsOut;

TEST_CASE("presses that undo each other go, whatever stands between", "[shorten]") {
  const SmallLightsOut puzzle;
  const auto start = puzzle.pressed(0b000001100);
  CHECK(shorten(puzzle, start, {1, 2, 5, 1, 3, 5}) == std::vector<environment::Move>{2, 3});
  CHECK(shorten(puzzle, start, {3, 2}) == std::vector<environment::Move>{3, 2});
  CHECK(shorten(puzzle, puzzle.pressed(0), {7, 7}).empty());
}

TEST_CASE("what is left is legal and still solves", "[shorten]") {
  const Corridor corridor;  // down is 0, up is 1
  const std::vector<std::uint8_t> start = {3};
  CHECK(shorten(corridor, start, {1, 0, 0, 1, 0, 0, 0}) == std::vector<environment::Move>{0, 0, 0});
  CHECK(shorten(corridor, start, {0, 0, 0}) == std::vector<environment::Move>{0, 0, 0});
}

TEST_CASE("long solutions stay as they are", "[shorten]") {
  const SmallLightsOut puzzle;
  const std::vector<environment::Move> presses(kLongestToShorten + 2, environment::Move{4});
  CHECK(shorten(puzzle, puzzle.pressed(0), presses) == presses);
}

// Says that the first move leads nowhere far, and nothing of the rest.
class Misleading final : public model::CostToGo {
 public:
  std::size_t outputs() const override { return 9; }
  void costs(std::span<const std::uint8_t>, std::span<float> costs) override {
    for (std::size_t i = 0; i < costs.size(); ++i)
      costs[i] = 1 + static_cast<float>((i % 9 + 5) % 9);
  }
};

TEST_CASE("a search may shorten what it found, and reports both costs", "[shorten]") {
  const SmallLightsOut puzzle;
  const auto search = make_puzzle_search("greedy").value();
  Misleading misleading;
  const auto start = puzzle.pressed(0b110000001);
  const auto found = search->solve(puzzle, misleading, start, {}).value();
  const auto shorter = search->solve(puzzle, misleading, start, {.shorten = true}).value();
  REQUIRE(found.solved);
  CHECK(found.found_cost == found.cost);
  CHECK(shorter.found_cost == found.cost);
  CHECK(shorter.cost == 3);
  CHECK(found.cost > 3);
  CHECK(shorter.moves.size() == 3);
}

}  // namespace
}  // namespace qstar

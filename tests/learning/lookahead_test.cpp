#include "learning/cost_to_go/lookahead.hpp"

#include "tests/support/corridor_puzzle.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
using namespace learning;
namespace {

using testing::Corridor;
using testing::PlaceTable;

constexpr float kWall = -9;  // what a table says of illegal moves: must never be taken

// down, up of the places 0 … 4
PlaceTable some_q() { return {2, {kWall, 5, 1, 6, 4, 3, 3.5F, 7, 4, kWall}}; }

std::vector<float> ahead(BestMoves& best, std::vector<std::uint8_t> places, std::int64_t horizon) {
  std::vector<float> costs(places.size());
  look_ahead(Corridor(), best, places, horizon, costs);
  return costs;
}

TEST_CASE("the best move of Q is the cheapest legal one", "[lookahead]") {
  PlaceTable q = some_q();
  const Corridor corridor;
  BestMoves best(corridor, q);
  const std::vector<std::uint8_t> places = {0, 1, 2, 3, 4};
  std::vector<float> costs(5);
  std::vector<Move> moves(5);
  best.find(places, costs, moves);
  REQUIRE(costs == std::vector<float>{5, 1, 3, 3.5F, 4});
  REQUIRE(moves == std::vector<Move>{1, 0, 1, 0, 0});
}

TEST_CASE("the best move of V counts the child's value, 0 when solved", "[lookahead]") {
  PlaceTable v(1, {50, 10, 2, 4, 8});  // the goal's own 50 is never used
  const Corridor corridor;
  BestMoves best(corridor, v);
  const std::vector<std::uint8_t> places = {1, 2, 3, 4};
  std::vector<float> costs(4);
  std::vector<Move> moves(4);
  best.find(places, costs, moves);
  // 1: down 1 + 0; 2: up 2 + 4 beats down 1 + 10; 3: down 1 + 2; 4: down 1 + 4
  REQUIRE(costs == std::vector<float>{1, 6, 3, 5});
  REQUIRE(moves == std::vector<Move>{0, 1, 0, 0});
}

TEST_CASE("looking ahead follows best moves and stops at the goal", "[lookahead]") {
  PlaceTable q = some_q();
  const Corridor corridor;
  BestMoves best(corridor, q);
  REQUIRE(ahead(best, {0, 1, 2, 3}, 1) == std::vector<float>{0, 1, 3, 3.5F});
  // 1 reaches the goal for 1; 2 goes up (2) and trusts 3.5 at 3; 3 goes down (1), trusts 3 at 2.
  REQUIRE(ahead(best, {0, 1, 2, 3}, 2) == std::vector<float>{0, 1, 5.5F, 4});
  REQUIRE(ahead(best, {2}, 3) == std::vector<float>{2 + 1 + 3});
}

TEST_CASE("double Q chooses by one network and values by the other", "[lookahead]") {
  PlaceTable values = some_q();
  PlaceTable chooser(2, {kWall, 1, 9, 1, 1, 9, 9, 1, 1, kWall});  // up, up, down, up, down
  const Corridor corridor;
  BestMoves best(corridor, values, {.chooser = &chooser});
  const std::vector<std::uint8_t> places = {0, 1, 2, 3, 4};
  std::vector<float> costs(5);
  std::vector<Move> moves(5);
  best.find(places, costs, moves);
  REQUIRE(moves == std::vector<Move>{1, 1, 0, 1, 0});
  REQUIRE(costs == std::vector<float>{5, 6, 4, 7, 4});
}

TEST_CASE("a dead end costs what it is said to", "[lookahead]") {
  PlaceTable q = some_q();
  const Corridor corridor(/*trap=*/true);
  BestMoves best(corridor, q, {.dead_end = 33});
  std::vector<float> costs(1);
  std::vector<Move> moves(1);
  best.find(std::vector<std::uint8_t>{4}, costs, moves);
  REQUIRE(costs[0] == 33);
  REQUIRE(moves[0] == kNoMove);
  // From place 3 up into the trap, at 2; what it costs there is counted once, however far one
  // looks.
  PlaceTable into(2, {kWall, 3, 1, 4, 2, 5, 3, 1, 0, kWall});
  BestMoves trapped(corridor, into, {.dead_end = 33});
  for (const std::int64_t horizon : {2, 3, 9}) {
    look_ahead(corridor, trapped, std::vector<std::uint8_t>{3}, horizon, costs);
    REQUIRE(costs[0] == 2 + 33);
  }
  const auto walks = greedy_walks(corridor, trapped, std::vector<std::uint8_t>{3, 4}, 9);
  REQUIRE(walks[0].moves == std::vector<Move>{1});  // and no move that cannot be made
  REQUIRE_FALSE(walks[0].solved);
  REQUIRE(walks[1].moves.empty());
  REQUIRE_FALSE(walks[1].solved);
}

TEST_CASE("greedy play solves what its values lead to the goal", "[lookahead]") {
  const Corridor corridor;
  PlaceTable exact(2, {kWall, 3, 1, 4, 2, 5, 3, 6, 4, kWall});
  BestMoves best(corridor, exact);
  const std::vector<std::uint8_t> places = {0, 1, 2, 3, 4};
  REQUIRE(solved_share(corridor, best, places, 4) == 1.0);
  REQUIRE(solved_share(corridor, best, places, 2) == Approx(0.6));  // 0, 1 and 2
  REQUIRE(solved_share(corridor, best, places, 0) == Approx(0.2));
  PlaceTable circling = some_q();  // 2 and 3 lead to each other
  BestMoves bad(corridor, circling);
  REQUIRE(solved_share(corridor, bad, places, 100) == Approx(0.4));
}

TEST_CASE("greedy walks report their moves, the estimates and the end", "[lookahead]") {
  PlaceTable q = some_q();
  const Corridor corridor;
  BestMoves best(corridor, q);
  const std::vector<std::uint8_t> places = {2, 0, 1, 4};
  const auto walks = greedy_walks(corridor, best, places, 2);
  REQUIRE(walks.size() == 4);
  REQUIRE(walks[0].start == std::vector<std::uint8_t>{2});
  REQUIRE(walks[0].moves == std::vector<Move>{1, 0});  // up, down: never home
  REQUIRE(walks[0].values == std::vector<float>{3, 3.5F});
  REQUIRE_FALSE(walks[0].solved);
  REQUIRE(walks[1].moves.empty());
  REQUIRE(walks[1].solved);
  REQUIRE(walks[2].moves == std::vector<Move>{0});
  REQUIRE(walks[2].values == std::vector<float>{1});
  REQUIRE(walks[2].solved);
  REQUIRE(walks[3].moves == std::vector<Move>{0, 0});
  REQUIRE_FALSE(walks[3].solved);
}

}  // namespace
}  // namespace qstar

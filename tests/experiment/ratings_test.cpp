// Elo ratings compared with hand-computed values.
#include <catch2/catch.hpp>
#include <cmath>

#include "experiment/text/ratings.hpp"

namespace qstar {
namespace {

std::vector<bool> right_of_100(int n) {
  std::vector<bool> right(100, false);
  for (int i = 0; i < n; ++i) right[static_cast<std::size_t>(i)] = true;
  return right;
}

TEST_CASE("two players: the ratings predict the share of points") {
  // The second is right where the first is, and at 40 more: 40 wins, 60 draws, and the draw that is
  // added: 70.5 points of 101.
  const auto ratings = experiment::elo_ratings({right_of_100(30), right_of_100(70)});
  CHECK(ratings[0] == 0);
  CHECK(ratings[1] == Approx(400 * std::log10(70.5 / 30.5)));
}

TEST_CASE("equal players have equal ratings, better ones higher, and all are finite") {
  const auto ratings = experiment::elo_ratings(
      {right_of_100(0), right_of_100(50), right_of_100(50), right_of_100(100)});
  CHECK(ratings[1] == Approx(ratings[2]));
  CHECK(ratings[0] < ratings[1]);
  CHECK(ratings[2] < ratings[3]);
  CHECK(std::isfinite(ratings[3]));
  CHECK(experiment::elo_ratings({}).empty());
  CHECK(experiment::elo_ratings({right_of_100(3)}) == std::vector<double>{0});
}

}  // namespace
}  // namespace qstar

#include "experiment/pace.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::experiment;

TEST_CASE("a pace is the rate since its first mark", "[pace]") {
  Pace pace;
  CHECK(pace.rate(100, 4) == 0);  // no rate yet
  CHECK(pace.rate(110, 9) == Approx(0.5));
  CHECK(pace.rate(140, 24) == Approx(0.5));
}

TEST_CASE("the time left is printed in the unit that fits", "[pace]") {
  CHECK(time_left(10, 0).empty());
  CHECK(time_left(10, 0.5) == "20 s left");
  CHECK(time_left(600, 1) == "10 min left");
  CHECK(time_left(36'000, 1) == "10.0 h left");
}

TEST_CASE("what is not measured is a dash", "[pace]") {
  CHECK(figure(std::nullopt) == "-");
  CHECK(figure(0.5) == "0.500");
  CHECK(figure(0.5, 1) == "0.5");
}

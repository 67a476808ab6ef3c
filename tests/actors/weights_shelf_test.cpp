#include "actors/weights_shelf.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("weights come in pieces and old versions go", "[weights]") {
  WeightsShelf shelf;
  REQUIRE(shelf.newest() == 0);
  REQUIRE(shelf.chunk({1, 0, 0}).error().code == Errc::kTimeout);
  std::string model(3'000'000, 'w');
  for (std::size_t i = 0; i < model.size(); i += 1000) model[i] = static_cast<char>(i / 1000);
  shelf.publish(1, model);
  WeightsPieces pieces;
  int requests = 0;
  for (int fetch = 0; fetch < 2; ++fetch) {  // a second fetch begins from nothing
    std::optional<WeightsRequest> request = pieces.begin(1);
    for (; request; ++requests) request = pieces.add(shelf.chunk(*request).value());
    REQUIRE(pieces.version() == 1);
    REQUIRE(pieces.bytes() == model);
  }
  REQUIRE(requests == 6);
  REQUIRE(shelf.chunk({1, 1, model.size()}).error().code == Errc::kUsage);
  for (std::uint64_t v = 2; v <= 4; ++v) shelf.publish(v, "x");
  REQUIRE_FALSE(shelf.chunk({1, 1, 0}).has_value());
  REQUIRE(shelf.chunk({2, 0, 0}).value().version == 4);
}

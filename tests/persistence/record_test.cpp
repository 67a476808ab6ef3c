#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "persistence/store.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace persistence;
namespace {

TEST_CASE("a record gives back what was put in", "[record]") {
  for (std::uint64_t g = 0; g < 200; ++g) {
    const auto attempt = sample_attempt(g, 3);
    const auto decoded = decode_trajectory(encode(attempt));
    REQUIRE(decoded);
    REQUIRE(*decoded == attempt);
  }
  REQUIRE(decode_trajectory(encode(Trajectory{})).value() == Trajectory{});
}

TEST_CASE("floats and bytes cross unharmed", "[record]") {
  Trajectory attempt = sample_attempt(1, 1);
  attempt.problem = std::string("\0\xff=;", 4);
  const float infinity = std::numeric_limits<float>::infinity();
  attempt.steps[0].logprobs = {-infinity, infinity, -0.0F, 1e-42F};
  const auto decoded = decode_trajectory(encode(attempt)).value();
  CHECK(decoded == attempt);
  CHECK(std::signbit(decoded.steps[0].logprobs[2]));
}

TEST_CASE("damaged records and those of the future are refused", "[record]") {
  const auto bytes = encode(sample_attempt(5, 1));
  int refused = 0;
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    refused += decode_trajectory(bytes.substr(0, cut)) ? 0 : 1;
  CHECK(refused > static_cast<int>(bytes.size()) / 2);
  CHECK(decode_trajectory("").error().code == Errc::kCorrupt);
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {  // never a crash, whatever the bytes
    std::string bad = bytes;
    bad[rng.below(bad.size())] = static_cast<char>(rng.below(256));
    (void)decode_trajectory(bad);
  }
  std::string later = bytes;
  REQUIRE(later[0] == 8);  // field 1, varint: the schema
  later[1] = 2;
  CHECK(decode_trajectory(later).error().code == Errc::kSchema);
}

}  // namespace
}  // namespace qstar

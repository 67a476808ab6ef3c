#include "core/rng.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("SplitMix64 and xoshiro256** give their reference values") {
  REQUIRE(mix64(0) == 0xe220a8397b1dcdafULL);  // the published first output for seed 0
  REQUIRE(mix64(1) == 0x910a2dec89025cc1ULL);
  Rng rng(0);
  rng.set_state({1, 2, 3, 4});
  for (const std::uint64_t expected : {11520ULL, 0ULL, 1509978240ULL, 1215971899390074240ULL}) {
    REQUIRE(rng.next() == expected);
  }
}

TEST_CASE("a seed means the same numbers for ever") {
  Rng rng(42);
  REQUIRE(rng.next() == 0x15780b2e0c2ec716ULL);
  REQUIRE(rng.next() == 0x6104d9866d113a7eULL);
  REQUIRE(rng.next() == 0xae17533239e499a1ULL);
  REQUIRE(derive_seed(1, "rollout", 7) == 0xb65a899c09eb41c5ULL);
  REQUIRE(derive_seed(1, "rollout", 8) == 0x13f2664dd5e0ec3dULL);
}

TEST_CASE("derived seeds do not collide over names, indices and seeds") {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const char* name : {"", "a", "b", "ab", "ba", "rollout"}) {
      for (std::uint64_t index = 0; index < 100; ++index) {
        seeds.insert(derive_seed(seed, name, index));
      }
    }
  }
  REQUIRE(seeds.size() == 20 * 6 * 100);
}

TEST_CASE("below and between are uniform over their range") {
  Rng rng(3);
  constexpr int kDraws = 70000;
  std::array<int, 7> below{};
  std::array<int, 7> between{};
  for (int i = 0; i < kDraws; ++i) {
    ++below.at(rng.below(7));
    ++between.at(static_cast<std::size_t>(rng.between(-3, 3) + 3));
  }
  // Chi-squared with 6 degrees of freedom: 22.46 is the 99.9 % point.
  for (const auto& counts : {below, between}) {
    double chi2 = 0;
    for (const int n : counts) chi2 += (n - 10000.0) * (n - 10000.0) / 10000.0;
    REQUIRE(chi2 < 22.46);
  }
}

TEST_CASE("between covers the whole range of 64 bits, and single values") {
  Rng rng(4);
  constexpr auto kLow = std::numeric_limits<std::int64_t>::min();
  constexpr auto kHigh = std::numeric_limits<std::int64_t>::max();
  int negative = 0;
  for (int i = 0; i < 1000; ++i) negative += rng.between(kLow, kHigh) < 0 ? 1 : 0;
  REQUIRE(negative > 400);
  REQUIRE(negative < 600);
  REQUIRE(rng.between(5, 5) == 5);
  REQUIRE(rng.between(kHigh, kHigh) == kHigh);
}

TEST_CASE("uniform and normal have their moments") {
  Rng rng(5);
  constexpr int kDraws = 100000;
  double uniform_sum = 0, normal_sum = 0, normal_squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.uniform();
    REQUIRE(u >= 0.0);
    REQUIRE(u < 1.0);
    uniform_sum += u;
    const double x = rng.normal();
    normal_sum += x;
    normal_squares += x * x;
  }
  // Four standard errors.
  REQUIRE(std::abs(uniform_sum / kDraws - 0.5) < 4 * 0.2887 / std::sqrt(kDraws));
  REQUIRE(std::abs(normal_sum / kDraws) < 4 / std::sqrt(kDraws));
  REQUIRE(std::abs(normal_squares / kDraws - 1) < 4 * std::sqrt(2.0 / kDraws));
}

TEST_CASE("a restored state continues the sequence") {
  Rng rng(6);
  rng.next();
  Rng other(0);
  other.set_state(rng.state());
  for (int i = 0; i < 10; ++i) REQUIRE(other.next() == rng.next());
}

TEST_CASE("shuffle permutes, and every item may come first") {
  Rng rng(7);
  std::array<int, 4> first{};
  for (int round = 0; round < 4000; ++round) {
    std::vector<int> items = {0, 1, 2, 3};
    rng.shuffle(std::span<int>(items));
    ++first.at(static_cast<std::size_t>(items.front()));
    REQUIRE(std::is_permutation(items.begin(), items.end(), std::array{0, 1, 2, 3}.begin()));
  }
  for (const int n : first) REQUIRE(std::abs(n - 1000) < 130);  // 4.7 standard errors
}

#include "persistence/rate_limiter.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

TEST_CASE("nothing is sampled before there is enough", "[limiter]") {
  RateLimiter limiter({.samples_per_insert = 2, .tolerance = 4, .min_size = 3});
  CHECK(limiter.may_insert());
  CHECK_FALSE(limiter.may_sample());
  CHECK(limiter.who_waits() == "learner waits for rollouts");
  limiter.inserted(3);
  CHECK(limiter.may_sample());
  CHECK(limiter.may_sample(4));        // ahead by the tolerance
  CHECK_FALSE(limiter.may_sample(5));  // and no further
}

TEST_CASE("samples stay in a band around the ratio", "[limiter]") {
  RateLimiter limiter({.samples_per_insert = 2, .tolerance = 4, .min_size = 3});
  limiter.inserted(5);  // calls for 4 samples
  CHECK_FALSE(limiter.may_insert());
  CHECK(limiter.who_waits() == "rollouts wait for the learner");
  limiter.sampled(2);
  CHECK(limiter.may_insert());
  CHECK_FALSE(limiter.may_insert(2));
  CHECK(limiter.who_waits().empty());
}

TEST_CASE("under any order of what it allows, the ratio holds and somebody may go on",
          "[limiter]") {
  const RateLimiterConfig config{.samples_per_insert = 3, .tolerance = 12, .min_size = 5};
  RateLimiter limiter(config);
  std::uint32_t order = 12345;
  for (int i = 0; i < 20000; ++i) {
    order = order * 1664525U + 1013904223U;
    const bool wants_insert = (order >> 16) % 3 == 0;
    REQUIRE((limiter.may_insert() || limiter.may_sample()));
    if (wants_insert && limiter.may_insert()) limiter.inserted(1);
    if (!wants_insert && limiter.may_sample()) limiter.sampled(1);
    if (limiter.inserts() > config.min_size) {
      const double wanted = 3.0 * static_cast<double>(limiter.inserts() - config.min_size);
      REQUIRE(std::abs(static_cast<double>(limiter.samples()) - wanted) <= config.tolerance);
    }
  }
  CHECK(limiter.inserts() > 1000);
}

TEST_CASE("a ratio of zero makes nobody wait", "[limiter]") {
  RateLimiter limiter({.samples_per_insert = 0, .tolerance = 0, .min_size = 1});
  limiter.inserted(1000);
  CHECK(limiter.may_insert(1000));
  limiter.sampled(100000);
  CHECK(limiter.may_sample(1000));
}

TEST_CASE("counts are saved and restored", "[limiter]") {
  RateLimiter limiter({});
  limiter.inserted(7);
  limiter.sampled(9);
  RateLimiter other({});
  REQUIRE(other.restore(limiter.save()));
  CHECK(other.inserts() == 7);
  CHECK(other.samples() == 9);
  for (const auto& bad : {std::string(), limiter.save().substr(1), limiter.save() + "x"}) {
    const auto restored = other.restore(bad);
    REQUIRE_FALSE(restored);
    CHECK(restored.error().code == Errc::kCorrupt);
    CHECK(other.inserts() == 7);
  }
}

}  // namespace
}  // namespace qstar

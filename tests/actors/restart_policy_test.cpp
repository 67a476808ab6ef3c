#include "actors/process/restart_policy.hpp"

#include <catch2/catch.hpp>

using qstar::actors::RestartPolicy;

TEST_CASE("delays double up to the bound, then the policy gives up", "[restart]") {
  RestartPolicy policy({.max_failures = 4, .first_delay = 1, .max_delay = 3, .forgive_after = 60});
  REQUIRE(policy.failed(0) == 1.0);
  REQUIRE(policy.failed(1) == 2.0);
  REQUIRE(policy.failed(2) == 3.0);
  REQUIRE(policy.failed(3) == 3.0);
  REQUIRE_FALSE(policy.failed(4).has_value());
}

TEST_CASE("a quiet period forgives earlier failures", "[restart]") {
  RestartPolicy policy({.max_failures = 1, .first_delay = 1, .max_delay = 3, .forgive_after = 60});
  REQUIRE(policy.failed(0).has_value());
  REQUIRE(policy.failed(60.5).has_value());
  REQUIRE_FALSE(policy.failed(61).has_value());
}

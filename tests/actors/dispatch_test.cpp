#include "actors/dispatch.hpp"

#include "environment/registry.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("a task has the same problems on every node, and none is held out", "[dispatch]") {
  const ExperimentConfig config;
  const auto environment = make_environment(config.environment).value();
  Dispatch one(config, false), two(config, false);
  const Lease first = one.lease(*environment, "a", 0);
  const Lease again = two.lease(*environment, "b", 5);
  REQUIRE(first.problems == again.problems);
  REQUIRE(first.task == again.task);
  REQUIRE(first.seed == again.seed);
  REQUIRE(first.first_group == again.first_group);
  REQUIRE(first.problems.size() == static_cast<std::size_t>(config.rollout.lease_groups));
  for (const auto& problem : first.problems) REQUIRE_FALSE(is_held_out(problem));
  const Lease second = one.lease(*environment, "a", 0);
  REQUIRE(second.first_group == first.first_group + first.problems.size());
  REQUIRE(second.problems != first.problems);
}

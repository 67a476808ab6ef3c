#include "actors/dispatch.hpp"

#include "environment/registry.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("a task has the same problems whoever gets it, and none is held out", "[dispatch]") {
  const ExperimentConfig config;
  const auto environment = make_environment(config.environment).value();
  Dispatch one(config, false), two(config, false);
  const Lease first = one.lease(*environment, "a", 0);
  const Lease again = two.lease(*environment, "b", 5);
  REQUIRE(first.problems == again.problems);
  REQUIRE(first.problems.size() == static_cast<std::size_t>(config.rollout.lease_groups));
  for (const auto& problem : first.problems) REQUIRE_FALSE(is_held_out(problem));
  const Lease second = one.lease(*environment, "a", 0);
  REQUIRE(second.first_group == first.first_group + first.problems.size());
  REQUIRE(second.problems != first.problems);
}

TEST_CASE("weights come in pieces and old versions go", "[dispatch]") {
  Dispatch dispatch({}, false);
  REQUIRE(dispatch.newest() == 0);
  REQUIRE(dispatch.chunk({1, 0, 0}).error().code == Errc::kTimeout);
  const std::string model(3'000'000, 'w');
  dispatch.publish(1, model);
  std::string received;
  while (received.size() < model.size())
    received += dispatch.chunk({1, 1, received.size()}).value().bytes;
  REQUIRE(received == model);
  REQUIRE(dispatch.chunk({1, 1, model.size()}).error().code == Errc::kUsage);
  for (std::uint64_t v = 2; v <= 4; ++v) dispatch.publish(v, "x");
  REQUIRE_FALSE(dispatch.chunk({1, 1, 0}).has_value());
  REQUIRE(dispatch.chunk({2, 0, 0}).value().version == 4);
}

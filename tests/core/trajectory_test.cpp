#include "data/trajectory.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("verdicts have these names, which stores and reports contain") {
  const std::vector<std::string> names = {"unknown",     "right",     "wrong_value",
                                          "wrong_order", "malformed", "not_a_rewrite"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto verdict = static_cast<Verdict>(i);
    REQUIRE(to_string(verdict) == names[i]);
    REQUIRE(verdict_from_string(names[i]) == verdict);
  }
  REQUIRE(verdict_from_string("rigth") == Verdict::kUnknown);
  REQUIRE(verdict_from_string("") == Verdict::kUnknown);
}

TEST_CASE("outcomes have these names") {
  const std::vector<std::string> names = {"unfinished", "lost", "lucky", "won"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto outcome = static_cast<Outcome>(i);
    REQUIRE(to_string(outcome) == names[i]);
    REQUIRE(outcome_from_string(names[i]) == outcome);
  }
  REQUIRE(outcome_from_string("lose") == Outcome::kUnfinished);
}

TEST_CASE("a right answer is a win even with a wrong step") {
  Trajectory t;
  REQUIRE_FALSE(t.win());
  t.outcome = Outcome::kLost;
  REQUIRE_FALSE(t.win());
  t.outcome = Outcome::kLucky;
  REQUIRE(t.win());
  t.outcome = Outcome::kWon;
  REQUIRE(t.win());
}

TEST_CASE("the pass rate is the share of wins") {
  AttemptGroup group;
  REQUIRE(group.pass_rate() == 0.0);
  group.attempts.resize(4);
  group.attempts[1].outcome = Outcome::kWon;
  group.attempts[2].outcome = Outcome::kLucky;
  group.attempts[3].outcome = Outcome::kLost;
  REQUIRE(group.pass_rate() == 0.5);
}

TEST_CASE("identifiers sort by group, then sample") {
  REQUIRE(TrajectoryId{1, 9} < TrajectoryId{2, 0});
  REQUIRE(TrajectoryId{2, 0} < TrajectoryId{2, 1});
}

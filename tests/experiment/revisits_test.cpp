// Problems that were not always solved are revisited, more often the lower their pass rate.
#include "experiment/text/revisits.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "tests/support/small_run.hpp"

namespace qstar {
using namespace experiment;
namespace {

// Attempts at a problem, of which the first `wins` win.
AttemptGroup group_of(const std::string& problem, int won, int lost) {
  AttemptGroup group;
  for (int i = 0; i < won + lost; ++i) {
    Trajectory attempt;
    attempt.problem = problem;
    attempt.outcome = i < won ? Outcome::kWon : Outcome::kLost;
    group.attempts.push_back(attempt);
  }
  return group;
}

class Fixture {
 public:
  std::vector<std::string> propose(RevisitedProblems& source, std::int64_t round) {
    return source.propose(run, policy, round)->problems;
  }
  void learn(RevisitedProblems& source, const std::vector<AttemptGroup>& groups) {
    REQUIRE(source.learn(learner, {}, rated_problems(groups), 1).has_value());
  }
  Run run = testing::small_run();
  learning::PolicyLearner learner{run.model("base")};
  const PolicyRef policy;  // is not asked
};

TEST_CASE_METHOD(Fixture,
                 "only problems not always solved are revisited, once per round, after new ones") {
  RevisitedProblems source(6, 0.5, "test");
  const auto fresh = run.training_problems("test.0", 6);
  CHECK(propose(source, 0) == fresh);
  learn(source, {group_of("1+1", 4, 0), group_of("1+2", 1, 3), group_of("2+2", 0, 4),
                 group_of("1+2", 1, 3)});
  const auto second = propose(source, 0);
  REQUIRE(second.size() == 6);  // two to revisit, though three would be allowed
  CHECK(std::equal(second.begin(), second.begin() + 4, fresh.begin()));
  CHECK(std::set(second.begin() + 4, second.end()) == std::set<std::string>{"1+2", "2+2"});
  learn(source, {group_of("1+2", 4, 0)});  // won at last
  CHECK(propose(source, 0).back() == "2+2");
  CHECK(propose(source, 0)[4] == fresh[4]);
}

TEST_CASE_METHOD(Fixture, "problems with lower pass rates are revisited more often") {
  RevisitedProblems source(2, 0.5, "test");
  learn(source, {group_of("1+1", 9, 1), group_of("2+2", 1, 9)});
  int seldom = 0, often = 0;
  for (std::int64_t round = 0; round < 400; ++round) {
    const auto problems = propose(source, round);
    seldom += problems.back() == "1+1" ? 1 : 0;
    often += problems.back() == "2+2" ? 1 : 0;
  }
  CHECK(seldom + often == 400);
  CHECK(often > 330);  // 360 are expected, 6 the standard deviation
  CHECK(seldom > 10);
}

TEST_CASE_METHOD(Fixture, "the problems to revisit survive a save, up to a maximum number") {
  RevisitedProblems source(4, 1, "test"), loaded(4, 1, "test"), none(4, 0, "test");
  std::vector<AttemptGroup> many;
  for (std::size_t i = 0; i < RevisitedProblems::kMost + 5; ++i)
    many.push_back(group_of(std::to_string(i), 1, 1));
  learn(source, many);
  REQUIRE(loaded.load(source.save()));
  CHECK(propose(loaded, 3) == propose(source, 3));
  CHECK(source.propose(run, policy, 3)->figures.at("unsolved") == RevisitedProblems::kMost);
  learn(none, many);
  CHECK(none.save() == "[]");
  CHECK(propose(none, 3) == run.training_problems("test.3", 4));
  for (const auto* damaged : {"", "{}", "[[1,2]]", "[[\"1+1\"]]", "[[\"1+1\",\"x\"]]"})
    CHECK(loaded.load(damaged).error().code == Errc::kCorrupt);
}

}  // namespace
}  // namespace qstar

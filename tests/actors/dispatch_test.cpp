#include "actors/dispatch.hpp"

#include "environment/registry.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

// An attempt that won, or one that lost, of two tokens.
SearchResult result_of(std::uint64_t group, bool won) {
  SearchResult result;
  Trajectory attempt;
  attempt.id = {group, 0};
  attempt.problem = "1+2";
  attempt.steps.push_back({"3", {5, 0}, {-1, -1}, 1, Verdict::kRight, {}, {}, 0});
  attempt.outcome = won ? Outcome::kWon : Outcome::kLost;
  result.group = {group, {attempt}};
  result.answers = {0};
  result.tokens = 2;
  return result;
}

std::vector<AttemptTask> tasks(std::size_t n) { return std::vector<AttemptTask>(n); }

std::uint64_t next(EvaluationTasks& evaluations) {
  const auto lease = evaluations.pool().hand_out("a", 0);
  REQUIRE(lease);
  CHECK(EvaluationTasks::owns(lease->task));
  CHECK(decode_task(*lease->bytes).has_value());
  return lease->task;
}

}  // namespace

TEST_CASE("a rollout has the same problems wherever it is made, and none is held out",
          "[dispatch]") {
  const ExperimentConfig config;
  const auto environment = make_environment(config.environment).value();
  const auto first = rollout_task(config, *environment, 3, {"abc", 1});
  CHECK(encode(Task(first)) == encode(Task(rollout_task(config, *environment, 3, {"abc", 1}))));
  REQUIRE(first.problems.size() == static_cast<std::size_t>(config.rollout.lease_groups));
  for (const auto& problem : first.problems) REQUIRE_FALSE(is_held_out(problem));
  const auto second = rollout_task(config, *environment, 4, {"abc", 1});
  REQUIRE(second.how.first_group == first.how.first_group + first.problems.size());
  REQUIRE(second.problems != first.problems);
  CHECK(second.how.seed == first.how.seed);
  CHECK_FALSE(EvaluationTasks::owns(4));
}

TEST_CASE("an evaluation is complete when all of its parts are, in their order", "[dispatch]") {
  EvaluationTasks evaluations(10);
  evaluations.begin(5, tasks(2));
  evaluations.begin(6, tasks(1));
  const auto first = next(evaluations), second = next(evaluations), other = next(evaluations);
  CHECK_FALSE(evaluations.finished(second, {{result_of(1, true)}, {}, {}, {}, 2}));
  CHECK(evaluations.finished(other, {{result_of(7, true)}, {}, {}, {}, 1})->evaluation == 6);
  const auto complete = evaluations.finished(first, {{result_of(0, false)}, {}, {}, {}, 0.5});
  REQUIRE(complete);
  CHECK(complete->evaluation == 5);
  CHECK(complete->results.cpu_seconds == 2.5);
  REQUIRE(complete->results.found.size() == 2);
  CHECK(complete->results.found[0] == result_of(0, false));
  CHECK(complete->results.found[1] == result_of(1, true));
  CHECK_FALSE(evaluations.finished(first, {}));  // a late duplicate
  const auto figures = evaluated_of(complete->results, 1);
  CHECK(figures.n == 2);
  CHECK(figures.accuracy == 0.5);
  CHECK(figures.tokens_per_problem == 2);
  CHECK(figures.cpu_seconds == 2.5);
  REQUIRE(figures.kept.size() == 1);
  CHECK(figures.kept.front().group == 0);
}

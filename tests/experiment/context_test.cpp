// Prompts that begin with earlier solutions, and problems of other domains.
#include <catch2/catch.hpp>

#include "environment/registry.hpp"
#include "experiment/text/context.hpp"
#include "experiment/text/domains.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace experiment;
namespace {

Trajectory solved(std::string problem, std::string answer, Outcome outcome = Outcome::kWon) {
  Trajectory attempt;
  attempt.problem = std::move(problem);
  attempt.outcome = outcome;
  attempt.steps.push_back(step_of(std::move(answer)));
  return attempt;
}

TEST_CASE("earlier solutions and the problem are one text, as in the corpus") {
  CHECK(prompt_after({}, "5+1") == ";5+1=");
  const std::vector earlier = {solved("3+4", "7"), solved("9-2", "6", Outcome::kLost)};
  CHECK(prompt_after(earlier, "5+1") == ";3+4=7;9-2=6;5+1=");
}

TEST_CASE("one finished attempt per problem is used, and a verifier removes some") {
  const std::vector groups = {
      AttemptGroup{0, {solved("1+1", "3", Outcome::kLost), solved("1+1", "2")}},
      AttemptGroup{1, {solved("2+2", "4"), solved("2+2", "4")}},
      AttemptGroup{2, {solved("3+3", "6", Outcome::kUnfinished)}}};
  const auto right = earlier_work(groups, true), wrong = earlier_work(groups, false);
  REQUIRE(right.size() == 2);
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].steps[0].text == "3");
  const std::vector both = {right[0], wrong[0]};
  const auto left = pruned(both, [](const Trajectory& t) { return t.win(); });
  REQUIRE(left.size() == 1);
  CHECK(left[0].win());
}

TEST_CASE("problems of other domains are outside the family, and held out") {
  const environment::EnvironmentConfig family;
  const auto environment = environment::make_environment(family).value();
  const auto domains = other_domains(family);
  REQUIRE(domains.size() == 7);
  CHECK(domains.front().name == "5 operators");
  for (const auto& domain : domains) {
    INFO(domain.name);
    const auto other = environment::make_environment(domain.config).value();
    const auto problems = domain_problems(*environment, *other, 20);
    CHECK(problems.size() == 20);
    for (const auto& problem : problems) {
      CHECK(environment::is_held_out(problem));
      CHECK(other->admits(problem));
      CHECK_FALSE(environment->admits(problem));
    }
  }
  CHECK(other_domains({.name = "cube3"}).empty());
  // Sums of three: twice as many operators are as many as two more, and products do not exist.
  const auto sums = other_domains(
      {.family = "custom", .operators = "+-", .operator_counts = {2}, .max_value = 18});
  std::vector<std::string> names;
  for (const auto& domain : sums) names.push_back(domain.name);
  CHECK(names == std::vector<std::string>{"3 operators", "4 operators", "values to 27",
                                          "operands to 19", "parentheses"});
}

}  // namespace
}  // namespace qstar

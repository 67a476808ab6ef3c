#include "data/attempt.hpp"

#include <catch2/catch.hpp>

#include "model/generated_steps.hpp"

namespace qstar {
namespace {

TEST_CASE("a prompt is the problem and the steps so far", "[attempt]") {
  const std::vector<std::string> steps = {"3+8", "11"};
  REQUIRE(prompt_of("3+4*2", steps) == ";3+4*2=3+8=11=");
  REQUIRE(prompt_of("3", {}) == ";3=");
}

TEST_CASE("a generation is cut into steps with their tokens", "[attempt]") {
  const model::Generation g{"7=1", {9, 1, 3}, {-1, -2, -3}, false};
  const auto steps = model::steps_of(g, 5, 6);
  REQUIRE(steps.size() == 2);
  REQUIRE(steps[0].text == "7");
  REQUIRE(steps[0].tokens == std::vector<std::int32_t>{9, 1});
  REQUIRE(steps[1].text == "1");
  REQUIRE(steps[1].logprobs == std::vector<float>{-3});
  REQUIRE(steps[1].policy_version == 5);
  Trajectory whole;
  whole.steps = steps;
  REQUIRE(tokens_of(whole) == 3);
  REQUIRE(model::steps_of({}, 1, 1).empty());
  REQUIRE(model::steps_of({"=;", {1, 0}, {-1, -1}, true}, 1, 1).size() == 2);
  REQUIRE(attempt_seed(1, 2, 3) == attempt_seed(1, 2, 3));
  REQUIRE(attempt_seed(1, 2, 3) != attempt_seed(1, 3, 2));
}

TEST_CASE("a step is closed unless tokens ran out in the middle of it") {
  Trajectory attempt;
  CHECK(closed_steps(attempt) == 0);
  attempt.steps.resize(2);
  attempt.steps[0].text = "3+4";
  attempt.steps[1].text = "12";
  attempt.steps[1].tokens = {5, 6};
  CHECK(closed_steps(attempt) == 1);
  attempt.steps[1].tokens.push_back(1);
  CHECK(closed_steps(attempt) == 2);
  attempt.steps[1].tokens.clear();
  attempt.outcome = Outcome::kLost;
  CHECK(closed_steps(attempt) == 2);
}

}  // namespace
}  // namespace qstar

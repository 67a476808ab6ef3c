// Countdown as text: the verdict of every kind of step.
#include "environment/text/countdown_text.hpp"

#include <set>

#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
namespace {

const CountdownText& game() {
  static const CountdownText made(4);
  return made;
}

StepResult step(const std::string& problem, const std::string& text) {
  return game().step(*game().reset(problem), text);
}

Trajectory judged(const std::string& problem, const std::vector<std::string>& steps) {
  Trajectory attempt;
  attempt.problem = problem;
  for (const auto& text : steps) {
    attempt.steps.emplace_back();
    attempt.steps.back().text = text;
  }
  judge(game(), true, attempt);
  return attempt;
}

TEST_CASE("countdown text: a right step leaves the other numbers and its value") {
  const std::string problem = "3 6 25 50:952";
  CHECK(game().reset(problem)->line == "50 25 6 3:952");
  CHECK(game().reset(problem)->problem == problem);
  for (const std::string text : {"25*3:75", "3*25:75"}) {
    const auto result = step(problem, text);
    CHECK(result.verdict == Verdict::kRight);
    CHECK(result.next == State{problem, "75 50 6:952", true});
    CHECK_FALSE(result.done);
  }
  CHECK(step(problem, "50/25:2").next.line == "6 3 2:952");
  CHECK(step(problem, "25-3:22").next.line == "50 22 6:952");
  CHECK(step("5 5 2:99", "5/5:1").next.line == "2 1:99");
}

TEST_CASE("countdown text: every other step has its verdict, and changes no number") {
  const State start = *game().reset("25 50 3 6:952");
  const auto check = [&](Verdict verdict, const std::vector<std::string>& steps) {
    for (const auto& text : steps) {
      INFO(text);
      const auto result = game().step(start, text);
      CHECK(result.verdict == verdict);
      CHECK(result.next.line == start.line);
      CHECK(result.next.clean == (verdict == Verdict::kMalformed));
      CHECK_FALSE(result.done);
    }
  };
  check(Verdict::kMalformed,
        {"", "25", "25*3", "25*3:", "25*3=75", "25*3:75 ", " 25*3:75", "25 * 3:75", "025*3:75",
         "25*3:075", "-25+3:22", "25*-3:75", "25*3*6:450", "25%3:1", "*3:75", "25x3:75",
         "25*3:75:1", "50 25 6 3:952", std::string("25*3:75\0", 8)});
  check(Verdict::kNotARewrite, {"2*3:6", "3+3:6", "25+75:100", "7+8:15", "0+3:3",
                                "99999999999999999999999+3:99999999999999999999999"});
  check(Verdict::kWrongValue,
        {"25*3:76", "25*3:7", "25+3:75", "3-25:22", "25/3:8", "25/6:4", "3/25:0", "3-6:0",
         "25*3:99999999999999999999999", "25*3:4294967371"});  // 75 + 2^32
}

TEST_CASE("countdown text: it ends with the target or with one number") {
  const auto won = step("25 3 6:75", "25*3:75");
  CHECK((won.done && won.win));
  CHECK(game().answer(won.next) == "75");
  CHECK(game().legal_steps(won.next).empty());
  const auto lost = step("25 3:76", "25*3:75");
  CHECK((lost.done && !lost.win));
  CHECK(game().answer(lost.next) == "75");
  CHECK(game().answer(*game().reset("25 3:76")).empty());
  CHECK(judged("8 8 7 4:24", {"7-4:3", "8*3:24"}).outcome == Outcome::kWon);
  CHECK(judged("8 8 7 4:24", {"7-4:3"}).outcome == Outcome::kLost);
  CHECK(judged("8 8 7 4:24", {"7-4:2", "7-4:3", "8*3:24"}).outcome == Outcome::kLucky);
  const auto on = judged("8 8 7 4:24", {"7-4:3", "8*3:24", "24-8:16"});
  CHECK(on.steps[2].verdict == Verdict::kNotARewrite);
  CHECK(on.outcome == Outcome::kLucky);
  CHECK(on.answer == "24");
}

TEST_CASE("countdown text: the steps that can be taken are listed once") {
  CHECK(game().legal_steps(*game().reset("5 5 2:99")) ==
        std::vector<std::string>{"5+5:10", "5*5:25", "5/5:1", "5+2:7", "5*2:10", "5-2:3"});
  const State start = *game().reset("9 4 3 2:300");
  for (const auto& text : game().legal_steps(start)) {
    CHECK(game().step(start, text).verdict == Verdict::kRight);
  }
}

TEST_CASE("countdown text: solutions are shortest, and problems without one are reported") {
  CHECK(*game().solve(*game().reset("25 3 6:75")) == std::vector<std::string>{"25*3:75"});
  CHECK(game().solve(*game().reset("1 1 1:24")).error().message ==
        "\"1 1 1:24\" has no solution: no steps from \"1 1 1:24\" lead to the target");
  CHECK(game().reset("25 3:3").error().message ==
        "the target is already one of the numbers: there is nothing to do");
  CHECK(game().reset("25:3").error().message == "a single number leaves nothing to combine");
  CHECK(game().reset("1 2 3 4 5:99").error().code == Errc::kBadProblem);
}

TEST_CASE("countdown text: problems have all numbers and targets from 100 to 999") {
  Rng rng(3);
  std::set<std::uint32_t> targets;
  for (int i = 0; i < 200; ++i) {
    const auto position = *countdown::parse(game().sample_problem(rng, Split::kTraining), 4);
    REQUIRE(position.count == 4);
    REQUIRE(position.target >= 100);
    REQUIRE(position.target <= 999);
    targets.insert(position.target);
  }
  CHECK(targets.size() > 120);
}

}  // namespace
}  // namespace qstar

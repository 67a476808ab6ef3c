// Problems as people type them.
#include "environment/text/problem_text.hpp"

#include <catch2/catch.hpp>
#include <chrono>

#include "core/printable.hpp"
#include "tests/support/environment_config.hpp"

namespace qstar {
using namespace environment;
namespace {

const Environment& environment(const std::string& name) {
  static const auto c = make_environment({}).value();
  static const auto hard = make_environment({.family = "hard"}).value();
  static const auto countdown = make_environment(environment_config("countdown")).value();
  return name == "C" ? *c : name == "hard" ? *hard : *countdown;
}

std::string typed(const std::string& name, std::string_view text) {
  const auto problem = typed_problem(environment(name), text);
  if (problem) return *problem;
  REQUIRE(problem.error().code == Errc::kBadProblem);
  return problem.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("typed problems: spaces and the usual signs are understood") {
  for (const auto* text : {"9-4", "9 - 4", " 9 -4\t", "9\u22124", "9 \u2212 4", "9\u20134",
                           "9\u00a0-\u20094", "\u30009-4"}) {
    INFO(text);
    CHECK(typed("C", text) == "9-4");
  }
  for (const auto* text : {"3*4", "3×4", "3 · 4", "3⋅4", "3 \u2217 4"})
    CHECK(typed("C", text) == "3*4");
  for (const auto* text : {"8/4", "8÷4", "8 ÷ 4", "8\u22154"}) CHECK(typed("hard", text) == "8/4");
  CHECK(typed("hard", " ( 12 - 3 ) × 2 ") == "(12-3)*2");
  CHECK(typed("C", "-3 + 4") == "-3+4");
  CHECK(typed("countdown", "25\u00a050 3 6:952") == "25 50 3 6:952");
}

TEST_CASE("typed problems: a space never joins two numbers") {
  CHECK(contains(typed("C", "1 2+3"), "' ' at character 2 is not allowed"));
  CHECK(contains(typed("C", "1\u00a02+3"), "' ' at character 2 is not allowed"));
}

TEST_CASE("typed problems: what is not allowed is named beside what is") {
  for (const auto& [text, wrong] :
       std::vector<std::pair<std::string, std::string>>{{"2^3", "'^' at character 2"},
                                                        {"9x4", "'x' at character 2"},
                                                        {"3=3", "'=' at character 2"},
                                                        {"9√4", "'√' at character 2"},
                                                        {"1+1\n", "'\\n' at character 4"},
                                                        {"\x1b[31m1+1", "'\\x1b' at character 1"},
                                                        {"1+\xff", "'\\xff' at character 3"}}) {
    const auto message = typed("C", text);
    INFO(message);
    CHECK(contains(message, wrong + " is not allowed"));
    CHECK(contains(message, "digits, + - * / and parentheses"));
    CHECK(message == printable(message));
  }
  CHECK(contains(typed("C", "1+"), "\"1+\": a number is missing"));
  CHECK(contains(typed("C", "5"), "\"5\" is only a number"));
  CHECK(contains(typed("C", ""), "a number is missing"));
  CHECK(contains(typed("countdown", "25 3"), "no colon"));
}

TEST_CASE("typed problems: without a value, or with a foreign operator, they are refused") {
  CHECK(contains(typed("C", "9/0"), "9/0 divides by zero"));
  CHECK(contains(typed("hard", "9/0"), "9/0 divides by zero"));
  CHECK(contains(typed("hard", "4/(3-3)"), "4/0 divides by zero"));
  CHECK(contains(typed("C", "7/2"), "7/2 is not a whole number"));
  CHECK(contains(typed("hard", "1+7/2"), "7/2 is not a whole number"));
  CHECK(contains(typed("C", "8/2"), "no operator /; its problems have + - *"));
  for (const std::string grouped : {"(1+5)/3", "6/(1+2)", "(1+5)/(1+2)"})
    CHECK(contains(typed("C", grouped), "no operator /; its problems have + - *"));
  CHECK(typed("hard", "8/2") == "8/2");
  std::string nines = "9";
  for (int i = 0; i < 100; ++i) nines += "*9";
  CHECK(contains(typed("C", nines), "has more than 64 digits"));
  // Outside of the family, but of the same kind: measured on purpose.
  CHECK(typed("C", "(30+4)*2-1-1-1-1-1") == "(30+4)*2-1-1-1-1-1");
  CHECK(typed("C", "-3-4") == "-3-4");
}

TEST_CASE("typed problems: any text gives an answer on one line, in time") {
  Rng rng(7);
  const std::vector<std::string> parts = {"9", "0", "-", "\u2212", "×",  " ",      "(",
                                          ")", "/", "÷", "\n",     ":",  "\x1b[m", "\xff",
                                          "é", "=", ";", "\t",     "12", "+"};
  std::vector<std::string> texts = {std::string(200'000, '('),
                                    std::string(200'000, ' '),
                                    std::string(200'000, '9'),
                                    std::string(3, '\0'),
                                    std::string(100'000, '\xe2'),
                                    std::string(64, '(') + "1+1" + std::string(64, ')'),
                                    std::string(65, '(') + "1+1" + std::string(65, ')')};
  std::string spread;
  for (int i = 0; i < 50'000; ++i) spread += "1 ";
  texts.push_back(spread);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (auto n = rng.below(30); n > 0; --n) text += parts[rng.below(parts.size())];
    texts.push_back(text);
  }
  for (const std::string name : {"C", "hard", "countdown"}) {
    for (const auto& text : texts) {
      const auto start = std::chrono::steady_clock::now();
      const auto problem = typed_problem(environment(name), text);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      REQUIRE(taken.count() < 2);
      if (problem) {
        REQUIRE(environment(name).reset(*problem));
        REQUIRE(typed_problem(environment(name), *problem).value() == *problem);
      } else {
        const auto& message = problem.error().message;
        REQUIRE(message == printable(message));
        REQUIRE(message.size() < 400);
      }
    }
  }
}

}  // namespace
}  // namespace qstar

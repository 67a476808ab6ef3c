// Hand-computed verdicts, outcomes and families of the arithmetic environment.
#include "environment/text/arithmetic.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <set>

#include "environment/text/expression.hpp"

namespace qstar {
using namespace environment;
namespace {

std::unique_ptr<Environment> family(const std::string& name, bool long_work = false) {
  EnvironmentConfig config;
  config.family = name;
  config.long_work = long_work;
  return std::move(*make_environment(config));
}

const Environment& arithmetic() {
  static const auto environment = family("C");
  return *environment;
}

std::string verdict(const std::string& line, const std::string& step) {
  return std::string(to_string(arithmetic().step({line, line, true}, step).verdict));
}

Trajectory judged(const std::string& problem, const std::vector<std::string>& steps,
                  bool finished = true) {
  Trajectory attempt;
  attempt.problem = problem;
  for (const auto& text : steps) {
    attempt.steps.emplace_back();
    attempt.steps.back().text = text;
  }
  judge(arithmetic(), finished, attempt);
  return attempt;
}

std::vector<std::string> solution(const std::string& problem) {
  return arithmetic()
      .solve(*arithmetic().reset(problem))
      .value_or(std::vector<std::string>{"none"});
}

std::string rejection(const std::string& problem) {
  const auto state = arithmetic().reset(problem);
  return state ? "accepted" : state.error().message;
}

using Lines = std::vector<std::string>;

TEST_CASE("right steps") {
  CHECK(verdict("3+4*2-5", "3+8-5") == "right");
  CHECK(verdict("3+8-5", "11-5") == "right");
  CHECK(verdict("11-5", "6") == "right");
  CHECK(verdict("3-5+1", "-2+1") == "right");
  CHECK(verdict("4--2", "6") == "right");
  CHECK(verdict("-3*-4", "12") == "right");
  CHECK(verdict("2*3*4", "6*4") == "right");
  CHECK(verdict("8/2*4", "4*4") == "right");
  CHECK(verdict("(1+2)*3", "3*3") == "right");
  CHECK(verdict("((1+2))*3", "3*3") == "right");
  CHECK(verdict("2*(1+2*3)", "2*(1+6)") == "right");
  CHECK(verdict("(1+2)*(3+4)", "3*(3+4)") == "right");
  CHECK(verdict("5-(2-6)", "5--4") == "right");
  CHECK(verdict("2+0+3", "2+3") == "right");
}

TEST_CASE("wrong values") {
  CHECK(verdict("3+4*2-5", "3+9-5") == "wrong_value");
  CHECK(verdict("11-5", "7") == "wrong_value");
  CHECK(verdict("(1+2)*3", "4*3") == "wrong_value");
  CHECK(verdict("7/2", "3") == "wrong_value");
  CHECK(verdict("7/0", "0") == "wrong_value");
  CHECK(verdict("7/0+1", "7+1") == "wrong_value");
}

TEST_CASE("wrong order") {
  CHECK(verdict("3+4*2-5", "7*2-5") == "wrong_order");
  CHECK(verdict("9-3+2", "9-5") == "wrong_order");
  CHECK(verdict("1+2+3", "1+5") == "wrong_order");
  CHECK(verdict("(1+2)*(3+4)", "(1+2)*7") == "wrong_order");
  CHECK(verdict("8/2*4", "8/8") == "wrong_order");
}

TEST_CASE("not a rewrite") {
  CHECK(verdict("3+4*2-5", "3+4*2-5") == "not_a_rewrite");
  CHECK(verdict("3+4*2-5", "11-5") == "not_a_rewrite");
  CHECK(verdict("3+4*2-5", "8*2-5") == "not_a_rewrite");
  CHECK(verdict("3+4*2-5", "3+8+5") == "not_a_rewrite");
  CHECK(verdict("(1+2)*3", "(3)*3") == "not_a_rewrite");
  CHECK(verdict("6", "6") == "not_a_rewrite");
  CHECK(verdict("1+2", "1+2+0") == "not_a_rewrite");
}

TEST_CASE("malformed steps leave the state as it was") {
  for (const char* step : {"", "+", "3+", "3 + 4", "03", "-0", "--1", "(1+2", "1+2)", "()", "1+(2",
                           "2x3", "1..2", "+1", "-(1+2)", "1,2", "3=3", ";"}) {
    INFO(step);
    CHECK(verdict("1+2*3", step) == "malformed");
  }
  const State before{"1+2*3", "1+2*3", true};
  REQUIRE(arithmetic().step(before, "1+").next == before);
}

TEST_CASE("overflow bait is worked out exactly") {
  const std::string big = "9223372036854775807";
  CHECK(verdict(big + "+1", "9223372036854775808") == "right");
  CHECK(verdict(big + "+1", "-9223372036854775808") == "wrong_value");
  CHECK(verdict("-9223372036854775808/-1", "9223372036854775808") == "right");
  CHECK(verdict("999999999999999999*999999999999999999", "999999999999999998000000000000000001") ==
        "right");
  CHECK(solution("999999999999999999*999999999999999999-999999999999999999*999999999999999999+7")
            .back() == "7");
  const std::string nines(64, '9');
  CHECK(verdict(nines + "+0", nines) == "right");
  CHECK(verdict(nines + "+1", nines) == "wrong_value");
  CHECK(verdict("1+1", nines + "9") == "malformed");
}

TEST_CASE("the calculator writes every step") {
  CHECK(solution("3+4*2-5") == Lines{"3+8-5", "11-5", "6"});
  CHECK(solution("2*(9-(3+2)*1)") == Lines{"2*(9-5*1)", "2*(9-5)", "2*4", "8"});
  CHECK(solution("7/2+1") == Lines{"none"});
  CHECK(solution("1/0") == Lines{"none"});
  CHECK(solution("2-5*3") == Lines{"2-15", "-13"});
}

TEST_CASE("outcomes") {
  const auto won = judged("3+4*2-5", {"3+8-5", "11-5", "6"});
  CHECK(won.outcome == Outcome::kWon);
  CHECK(won.answer == "6");
  const auto lucky = judged("2+3+4", {"2+7", "9"});
  CHECK(lucky.outcome == Outcome::kLucky);
  CHECK(lucky.steps[0].verdict == Verdict::kWrongOrder);
  CHECK(lucky.steps[1].verdict == Verdict::kRight);
  CHECK(judged("2+3+4", {"6+4", "9"}).outcome == Outcome::kLucky);
  CHECK(judged("2+3+4", {"9"}).outcome == Outcome::kLucky);
  CHECK(judged("2+3+4", {"x", "5+4", "9"}).outcome == Outcome::kLucky);
  const auto lost = judged("2+3+4", {"6+4", "10"});
  CHECK(lost.outcome == Outcome::kLost);
  CHECK(lost.answer == "10");
  const auto short_of_it = judged("2+3+4", {"5+4"});
  CHECK(short_of_it.outcome == Outcome::kLost);
  CHECK(short_of_it.answer.empty());
  CHECK(judged("2+3+4", {"5+4", "9", "x"}).outcome == Outcome::kLost);
  CHECK(judged("2+3+4", {}).outcome == Outcome::kLost);
  const auto unfinished = judged("2+3+4", {"5+4", "9"}, false);
  CHECK(unfinished.outcome == Outcome::kUnfinished);
  CHECK(unfinished.answer.empty());
  CHECK(unfinished.steps[1].verdict == Verdict::kRight);
  CHECK(judged("2+", {"2"}).outcome == Outcome::kUnfinished);
  CHECK(judged("4/0", {"0"}).outcome == Outcome::kLost);
}

TEST_CASE("a bad problem is refused with the place") {
  CHECK(rejection("3+4") == "accepted");
  CHECK(rejection("3+") == "\"3+\": a number is missing at character 3");
  CHECK(rejection("3+a") ==
        "\"3+a\": 'a' at character 3 is not allowed; a problem consists of digits, + - * / and "
        "parentheses");
  CHECK(rejection("(3+4") == "\"(3+4\": a ')' is missing at character 5");
  CHECK(rejection("5") == "\"5\" is only a number; a problem has at least one operation");
  CHECK(rejection("(5)+1") == "\"(5)+1\": parentheses hold only a number; remove them");
  CHECK(rejection(std::string(2000, '1')) ==
        "the problem has 2000 characters; at most 1024 are allowed");
}

TEST_CASE("families keep their rules") {
  for (const std::string name : {"C", "B"}) {
    const auto environment = family(name);
    Rng rng(5);
    std::set<std::size_t> counts;
    for (int i = 0; i < 3000; ++i) {
      const std::string p = environment->sample_problem(rng, Split::kTraining);
      INFO(p);
      const auto products = std::count(p.begin(), p.end(), '*');
      REQUIRE(products <= (name == "C" ? 1 : 2));
      REQUIRE(p.find_first_not_of("123456789+-*") == std::string::npos);
      REQUIRE(values_within(*parse_expression(p), 0, name == "C" ? 40 : 99));
      counts.insert(p.size() / 2);
    }
    REQUIRE(counts == std::set<std::size_t>{2, 3, 4});
  }
}

std::string hard_verdict(const std::string& line, const std::string& step) {
  static const auto hard = family("hard", true);
  return std::string(to_string(hard->step({line, line, true}, step).verdict));
}

TEST_CASE("products may be worked out digit by digit where the configuration says so") {
  CHECK(hard_verdict("5+34*7", "5+(210+28)") == "right");
  CHECK(hard_verdict("5+(210+28)", "5+238") == "right");
  CHECK(hard_verdict("5+34*7", "5+238") == "right");  // by heart
  CHECK(hard_verdict("7*34", "(210+28)") == "right");
  CHECK(hard_verdict("34*20", "(600+80)") == "right");
  CHECK(hard_verdict("20*34", "(600+80)") == "right");
  CHECK(hard_verdict("203*4", "(800+12)") == "right");
  CHECK(hard_verdict("30*20", "600") == "right");
  CHECK(hard_verdict("34*27", "(34*20+34*7)") == "right");
  CHECK(hard_verdict("34*127", "(34*100+34*20+34*7)") == "right");
  CHECK(hard_verdict("(34*20+34*7)-5", "((600+80)+34*7)-5") == "right");
  CHECK(hard_verdict("((600+80)+34*7)-5", "(680+34*7)-5") == "right");
  CHECK(hard_verdict("(34*7)-5", "(210+28)-5") == "right");
  CHECK(hard_verdict("((34*7))-5", "(210+28)-5") == "right");

  CHECK(hard_verdict("5+34*7", "5+(210+27)") == "wrong_value");
  CHECK(hard_verdict("5+34*7", "5+(-1+0)") == "wrong_value");
  CHECK(hard_verdict("34*27", "(34*20+34*8)") == "wrong_value");
  CHECK(hard_verdict("5+34*7", "6+(210+28)") == "not_a_rewrite");
  CHECK(hard_verdict("5+34*7", "5+210+28") == "not_a_rewrite");
  CHECK(hard_verdict("5+34*7", "5+(210+20+8)") == "not_a_rewrite");
  CHECK(hard_verdict("5+34*7", "5+(30*7+4*7)") == "not_a_rewrite");
  CHECK(hard_verdict("34*27", "(680+34*7)") == "not_a_rewrite");
  CHECK(hard_verdict("2*3+34*7", "2*3+(210+28)") == "wrong_order");
  CHECK(hard_verdict("2*3+34*7", "2*3+(210+27)") == "not_a_rewrite");
  // Nothing is left to distribute here.
  CHECK(hard_verdict("7*4", "(20+8)") == "not_a_rewrite");
  CHECK(hard_verdict("34+7", "(30+11)") == "not_a_rewrite");
  CHECK(hard_verdict("0*34", "(0+0)") == "not_a_rewrite");
  CHECK(hard_verdict("-34*7", "(-210+-28)") == "not_a_rewrite");

  CHECK(verdict("5+34*7", "5+(210+28)") == "not_a_rewrite");  // family C
  CHECK(verdict("5+34*7", "5+238") == "right");
}

TEST_CASE("differences may be worked out digit by digit where the configuration says so") {
  CHECK(hard_verdict("93-27+4", "93-20-7+4") == "right");
  CHECK(hard_verdict("93-20-7+4", "73-7+4") == "right");
  CHECK(hard_verdict("93-27+4", "66+4") == "right");  // by heart
  CHECK(hard_verdict("5*(93-27)", "5*(93-20-7)") == "right");
  CHECK(hard_verdict("5*((93-27))", "5*((93-20-7))") == "right");
  CHECK(hard_verdict("27-93", "27-90-3") == "right");
  CHECK(hard_verdict("999-203", "999-200-3") == "right");
  CHECK(hard_verdict("999-123", "999-100-20-3") == "right");

  CHECK(hard_verdict("93-27+4", "93-20-8+4") == "wrong_value");
  CHECK(hard_verdict("93-27+4", "92-20-7+4") == "wrong_value");
  CHECK(hard_verdict("93-27+4", "93-20+7+4") == "not_a_rewrite");
  CHECK(hard_verdict("93-27+4", "93-20-7+5") == "not_a_rewrite");
  CHECK(hard_verdict("93-27+4", "(93-20-7)+4") == "not_a_rewrite");
  CHECK(hard_verdict("999-123", "999-120-3") == "not_a_rewrite");
  CHECK(hard_verdict("93-27*2", "93-20-7*2") == "wrong_order");
  CHECK(hard_verdict("93-27*2", "93-20-8*2") == "not_a_rewrite");
  // Nothing is left to take apart here.
  CHECK(hard_verdict("93-20", "93-20-0") == "not_a_rewrite");
  CHECK(hard_verdict("-93-27", "-93-20-7") == "not_a_rewrite");
  CHECK(hard_verdict("93--27", "93--20--7") == "not_a_rewrite");
  CHECK(hard_verdict("0-27", "0-20-7") == "not_a_rewrite");
  // Nine digits at most.
  CHECK(hard_verdict("999999999-27", "999999999-20-7") == "right");
  CHECK(hard_verdict("1000000000-27", "1000000000-20-7") == "not_a_rewrite");
  CHECK(hard_verdict("200000001*7", "(1400000000+7)") == "right");
  CHECK(hard_verdict("2000000001*7", "(14000000000+7)") == "not_a_rewrite");

  CHECK(verdict("93-27+4", "93-20-7+4") == "not_a_rewrite");  // family C
}

TEST_CASE("the calculator works digit by digit where the configuration says so") {
  const auto hard = family("hard", true);
  CHECK(hard->solve(*hard->reset("5*(93-27)")).value() ==
        Lines{"5*(93-20-7)", "5*(73-7)", "5*66", "(300+30)", "330"});
  CHECK(family("B", true)->solve(*hard->reset("93-27")).value() == Lines{"93-20-7", "73-7", "66"});
  CHECK(solution("93-27") == Lines{"66"});
  CHECK(hard->solve(*hard->reset("5+34*27")).value() == Lines{"5+(34*20+34*7)", "5+((600+80)+34*7)",
                                                              "5+(680+34*7)", "5+(680+(210+28))",
                                                              "5+(680+238)", "5+918", "923"});
  CHECK(hard->solve(*hard->reset("30*20")).value() == Lines{"600"});
  // No deeper than lines may nest.
  const std::string open(64, '('), close(64, ')');
  const auto deep = hard->solve(*hard->reset(open + "34*27" + close)).value();
  CHECK(deep.front() == "(34*20+34*7)");
  const auto inner = hard->solve(*hard->reset(open + "34*7+1" + close)).value();
  CHECK(inner.front() == open + "238+1" + close);
  CHECK(solution("5+34*27") == Lines{"5+918", "923"});
}

TEST_CASE("the hard family has quotients, parentheses and larger numbers, all solvable") {
  const auto environment = family("hard", true);
  Rng rng(5);
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    const std::string p = environment->sample_problem(rng, Split::kHeldOut);
    INFO(p);
    const auto solved = environment->solve(*environment->reset(p));
    REQUIRE(solved);
    REQUIRE(solved->size() >= 2);
    // Of six operations two are products, of at most six steps each; differences take four at most.
    REQUIRE(solved->size() <= 2 * 6 + 4 * 4);
    all += p + " ";
  }
  REQUIRE(std::count(all.begin(), all.end(), '/') > 300);
  REQUIRE(std::count(all.begin(), all.end(), '(') > 300);
}

TEST_CASE("contradictory settings are refused with the field") {
  EnvironmentConfig config;
  config.family = "custom";
  const auto refusal = [](const EnvironmentConfig& c) {
    const auto made = make_environment(c);
    return made ? std::string("accepted") : made.error().message;
  };
  REQUIRE(refusal(config) == "accepted");
  auto broken = config;
  broken.operators = "+%";
  CHECK(refusal(broken).find("environment.operators") == 0);
  broken = config;
  broken.operator_counts = {2, 0, 3};
  CHECK(refusal(broken).find("environment.operator_counts") == 0);
  broken = config;
  broken.max_value = -1;
  CHECK(refusal(broken).find("environment.min_value") == 0);
  broken = config;
  broken.min_value = broken.max_value = 1000;
  CHECK(refusal(broken).find("environment: these settings give") == 0);
  broken.family = "D";
  CHECK(refusal(broken).find("environment.family: \"D\"") == 0);
  broken.name = "chess";
  const auto choices = "arithmetic, lights_out, sliding_tiles, cube3, pancake, countdown";
  CHECK(refusal(broken).find(choices) != std::string::npos);
}

TEST_CASE("speed", "[.][speed]") {
  const auto& environment = arithmetic();
  using Clock = std::chrono::steady_clock;
  Rng rng(3);
  const auto start = Clock::now();
  std::vector<std::string> problems;
  for (int i = 0; i < 200'000; ++i)
    problems.push_back(environment.sample_problem(rng, Split::kTraining));
  const auto drawn = Clock::now();
  std::vector<std::vector<std::string>> solved;
  for (int i = 0; i < 50'000; ++i)
    solved.push_back(solution(problems[static_cast<std::size_t>(i)]));
  const auto begin = Clock::now();
  std::size_t steps = 0;
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < solved.size(); ++i) {
      State state{problems[i], problems[i], true};
      for (const auto& text : solved[i]) {
        state = environment.step(state, text).next;
        ++steps;
      }
    }
  }
  const std::chrono::duration<double> generating = drawn - start;
  const std::chrono::duration<double> stepping = Clock::now() - begin;
  WARN(200'000 / generating.count()
       << " problems/s, " << static_cast<double>(steps) / stepping.count() << " steps/s");
  REQUIRE(steps > 0);
}

TEST_CASE("a family admits its own problems alone") {
  const auto c = make_environment({}).value();
  CHECK(c->admits("3+4*2-5"));
  CHECK(c->admits("1+1+1+1+1"));
  CHECK_FALSE(c->admits("3+4"));          // one operator
  CHECK_FALSE(c->admits("1+1+1+1+1+1"));  // five
  CHECK_FALSE(c->admits("2*3*4"));        // two products
  CHECK_FALSE(c->admits("3+10+1"));       // an operand too large
  CHECK_FALSE(c->admits("0+3+1"));        // and too small
  CHECK_FALSE(c->admits("9*9+1"));        // a value too large on the way
  CHECK_FALSE(c->admits("1-2+3"));        // and too small
  CHECK_FALSE(c->admits("(3+4)-5"));      // parentheses
  CHECK_FALSE(c->admits("8/4+1"));        // another operator
  CHECK_FALSE(c->admits("3+4*2-"));
}

}  // namespace
}  // namespace qstar

// What every environment of the registry must do.
#include <catch2/catch.hpp>
#include <set>

#include "tests/support/environment_config.hpp"

namespace qstar {
using namespace environment;
namespace {

struct Subject {
  std::string label;
  std::unique_ptr<Environment> environment;
};

std::vector<Subject> subjects() {
  std::vector<Subject> all;
  for (const auto& name : environment_names()) {
    if (!is_text(name)) continue;
    for (const std::string family : {"C", "B", "hard"}) {
      EnvironmentConfig config = environment_config(name, family == "hard");
      if (name == "arithmetic") {
        config.family = family;
        config.long_work = family == "hard";
      }
      all.push_back({name + " " + family, std::move(*make_environment(config))});
    }
  }
  return all;
}

Trajectory attempt_at(const std::string& problem, const std::vector<std::string>& steps) {
  Trajectory attempt;
  attempt.problem = problem;
  for (const auto& text : steps) {
    attempt.steps.emplace_back();
    attempt.steps.back().text = text;
  }
  return attempt;
}

template <class Body>
void for_each_subject(Body body) {
  for (const auto& s : subjects()) {
    INFO(s.label);
    body(*s.environment);
  }
}

TEST_CASE("conformance: what is sampled is admitted") {
  for_each_subject([](const Environment& e) {
    Rng rng(4);
    for (int i = 0; i < 50; ++i) {
      const auto split = i % 2 == 0 ? Split::kTraining : Split::kHeldOut;
      CHECK(e.admits(e.sample_problem(rng, split)));
    }
    CHECK_FALSE(e.admits(""));
    CHECK_FALSE(e.admits("?"));
  });
}

TEST_CASE("conformance: the same seed gives the same problem") {
  for_each_subject([](const Environment& e) {
    Rng a(9);
    Rng b(9);
    std::set<std::string> seen;
    for (int i = 0; i < 50; ++i) {
      const std::string problem = e.sample_problem(a, Split::kTraining);
      REQUIRE(problem == e.sample_problem(b, Split::kTraining));
      seen.insert(problem);
    }
    REQUIRE(seen.size() > 25);
  });
}

TEST_CASE("conformance: the splits are disjoint and their problems accepted") {
  for_each_subject([](const Environment& e) {
    Rng rng(4);
    for (int i = 0; i < 300; ++i) {
      const Split split = i % 2 == 0 ? Split::kTraining : Split::kHeldOut;
      const std::string problem = e.sample_problem(rng, split);
      REQUIRE(is_held_out(problem) == (split == Split::kHeldOut));
      const auto state = e.reset(problem);
      REQUIRE(state);
      REQUIRE(state->problem == problem);
      REQUIRE(state->clean);
      REQUIRE(e.answer(*state).empty());
    }
  });
}

TEST_CASE("conformance: the reference solution wins") {
  for_each_subject([](const Environment& e) {
    Rng rng(6);
    for (int i = 0; i < 300; ++i) {
      const std::string problem = e.sample_problem(rng, Split::kTraining);
      INFO(problem);
      const auto solution = e.solve(*e.reset(problem));
      REQUIRE(solution);
      auto attempt = attempt_at(problem, *solution);
      judge(e, true, attempt);
      REQUIRE(attempt.outcome == Outcome::kWon);
      REQUIRE_FALSE(attempt.answer.empty());
      for (const auto& step : attempt.steps) REQUIRE(step.verdict == Verdict::kRight);
    }
  });
}

// The step with another digit.
std::string mutated(std::string step, Rng& rng) {
  std::size_t at = rng.below(step.size());
  while (step[at] < '0' || step[at] > '9') at = (at + 1) % step.size();
  step[at] = step[at] == '9' ? '1' : static_cast<char>(step[at] + 1);
  return step;
}

TEST_CASE("conformance: a mutant of the reference solution does not win") {
  for_each_subject([](const Environment& e) {
    Rng rng(8);
    for (int i = 0; i < 300; ++i) {
      const std::string problem = e.sample_problem(rng, Split::kTraining);
      const auto start = e.reset(problem);
      auto steps = *e.solve(*start);
      auto& victim = steps[rng.below(steps.size())];
      victim = mutated(victim, rng);
      auto attempt = attempt_at(problem, steps);
      judge(e, true, attempt);
      INFO(problem << " mutated to " << victim);
      REQUIRE(attempt.outcome != Outcome::kWon);
      steps = *e.solve(*start);
      steps.pop_back();
      attempt = attempt_at(problem, steps);
      judge(e, true, attempt);
      REQUIRE(attempt.outcome == Outcome::kLost);
    }
  });
}

TEST_CASE("lights_out names what is wrong with a position, and an unsolvable one") {
  EnvironmentConfig config;
  config.name = "lights_out";
  config.size = 4;
  const auto puzzle = make_puzzle(config).value();
  REQUIRE(puzzle->parse("1000/0000/0000/000").error().code == Errc::kBadProblem);
  REQUIRE(puzzle->parse("1000/0000/00x0/0000").error().message ==
          "0 or 1 is expected at character 13");
  // A single lamp is not in the span of the presses for side 4 (nullity 4).
  const auto unsolvable = puzzle->parse("1000/0000/0000/0000");
  REQUIRE(unsolvable.error().code == Errc::kBadProblem);
  REQUIRE(unsolvable.error().message.find("cannot be solved") != std::string::npos);
  config.size = 10;
  REQUIRE(make_puzzle(config).error().code == Errc::kConfig);
}

TEST_CASE("a puzzle that is no text has no environment") {
  for (const auto& name : puzzle_names()) {
    const auto made = make_environment(environment_config(name));
    REQUIRE(made.has_value() == is_text(name));
    if (made) continue;
    REQUIRE(made.error().code == Errc::kConfig);
    REQUIRE(made.error().message.find("environment.name: " + name) == 0);
  }
  REQUIRE(is_text("arithmetic"));
  REQUIRE(is_text("countdown"));
  REQUIRE_FALSE(is_text("cube3"));
}

TEST_CASE("a puzzle is made by name, and refused with the setting named") {
  for (const auto& name : puzzle_names()) {
    REQUIRE((*make_puzzle(environment_config(name)))->name() == name);
  }
  EnvironmentConfig config = environment_config("cube3");
  config.turns = 3;
  REQUIRE((*make_puzzle(config))->moves() == 1194);
  config.repeats = true;
  REQUIRE((*make_puzzle(config))->moves() == 1872);
  config.turns = 4;
  REQUIRE(make_puzzle(config).error().message.find("environment.turns") == 0);
  config = environment_config("lights_out");
  config.turns = 2;
  config.chase = true;
  REQUIRE((*make_puzzle(config))->moves() == 16 + 120);
  REQUIRE((*make_puzzle(config))->cells() == 16 + 16 + 16);
  config.size = 9;
  config.turns = 3;  // more sets of cells than a Move can number
  REQUIRE(make_puzzle(config).error().message.find("environment.turns: 3") == 0);
  config = environment_config("cube3");
  config.size = 4;
  REQUIRE(make_puzzle(config).error().message ==
          "environment.size: cube3 needs a size from 3 to 3, not 4");
  REQUIRE(make_puzzle(environment_config("arithmetic")).error().code == Errc::kConfig);
}

TEST_CASE("the environment's settings survive printing and parsing") {
  EnvironmentConfig written;
  written.family = "custom";
  written.operators = "+/";
  written.parentheses = 0.25;
  EnvironmentConfig read;
  REQUIRE(parse_config(print_config(describe_of(written)), "test", {}, describe_of(read)));
  REQUIRE(read == written);
  const std::vector<std::string> bad = {"family=\"D\""};
  REQUIRE_FALSE(parse_config("", "test", bad, describe_of(read)));
}

TEST_CASE("held out is zlib's CRC-32 of q* and the text") {
  // Python: zlib.crc32(b"q*" + text) % 10 == 0
  REQUIRE(is_held_out("1+1*2-1"));
  REQUIRE(is_held_out("1+6*2-1"));
  REQUIRE(is_held_out("2+9*2-1"));
  REQUIRE_FALSE(is_held_out("1+2*2-1"));
  REQUIRE_FALSE(is_held_out("1+3*2-1"));
  REQUIRE_FALSE(is_held_out("1+4*2-1"));
}

}  // namespace
}  // namespace qstar

// The students' corpus: its shape, its share of right work, and what a row's characters are for.
#include "environment/text/corpus.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "environment/registry.hpp"

namespace qstar {
using namespace environment;
namespace {

std::unique_ptr<Environment> family(const std::string& name) {
  EnvironmentConfig config;
  config.family = name;
  config.long_work = name == "hard";
  return std::move(*make_environment(config));
}

std::unique_ptr<Environment> countdown() {
  EnvironmentConfig config;
  config.name = "countdown";
  config.size = 4;
  return std::move(*make_environment(config));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// The complete solutions of a row, judged.
std::vector<Trajectory> solutions(const Environment& environment, const std::string& row) {
  std::vector<Trajectory> all;
  auto problems = split(row.substr(1), ';');
  problems.pop_back();  // cut off
  for (const auto& problem : problems) {
    const auto lines = split(problem, '=');
    Trajectory attempt;
    attempt.problem = lines[0];
    for (std::size_t i = 1; i < lines.size(); ++i) {
      attempt.steps.emplace_back();
      attempt.steps.back().text = lines[i];
    }
    judge(environment, true, attempt);
    all.push_back(attempt);
  }
  return all;
}

double right_share(const Environment& environment, const CorpusConfig& config) {
  Corpus corpus(environment, config, 7);
  double right = 0;
  double all = 0;
  for (int i = 0; i < 4000; ++i) {
    for (const auto& s : solutions(environment, corpus.row(96))) {
      right += s.win() ? 1 : 0;
      all += 1;
    }
  }
  return right / all;
}

TEST_CASE("about 43 % of the students' solutions are right") {
  const auto environment = family("C");
  const double share = right_share(*environment, {});
  INFO("share of right solutions: " << share);
  REQUIRE(std::abs(share - 0.43) < 0.03);
}

TEST_CASE("the curated corpus holds right work only") {
  for (const bool chosen : {false, true}) {
    const auto environment = chosen ? countdown() : family("hard");
    Corpus corpus(*environment, CorpusConfig::curated(), 1);
    int solved = 0;
    for (int i = 0; i < 200; ++i) {
      for (const auto& s : solutions(*environment, corpus.row(400))) {
        INFO(s.problem);
        REQUIRE(s.outcome == Outcome::kWon);
        ++solved;
      }
    }
    REQUIRE(solved > 200);
  }
}

TEST_CASE("where steps are chosen, bad students choose any and good ones slip out of a solution") {
  const auto environment = countdown();
  const double share = right_share(*environment, {});
  INFO("share of right solutions: " << share);
  REQUIRE(std::abs(share - 0.28) < 0.03);
  Corpus corpus(*environment, {0, 0, 0, 0, 0.5}, 3);  // good ones who often slip
  std::size_t won = 0, lost = 0;
  for (int i = 0; i < 200; ++i) {
    for (const auto& s : solutions(*environment, corpus.row(96))) {
      for (const auto& step : s.steps) REQUIRE(step.verdict == Verdict::kRight);
      (s.win() ? won : lost) += 1;
    }
  }
  REQUIRE(won > 50);
  REQUIRE(lost > 50);
}

TEST_CASE("bad students finish even where an order of work leaves no value") {
  const auto environment = family("hard");
  Corpus corpus(*environment, {1, 1, 1, 0.5, 0}, 3);
  std::size_t lost = 0;
  for (int i = 0; i < 300; ++i) {
    for (const auto& s : solutions(*environment, corpus.row(400))) {
      REQUIRE(s.outcome != Outcome::kUnfinished);
      REQUIRE_FALSE(s.answer.empty());
      lost += s.outcome == Outcome::kLost ? 1 : 0;
    }
  }
  REQUIRE(lost > 0);
}

TEST_CASE("slips in products that are worked out digit by digit are wrong values") {
  const auto environment = family("hard");
  Corpus corpus(*environment, {1, 0, 0, 0.5, 0}, 5);  // no misconceptions, and many slips
  std::map<Verdict, std::size_t> sums, all;
  for (int i = 0; i < 300; ++i) {
    for (const auto& s : solutions(*environment, corpus.row(400))) {
      std::string before = s.problem;
      for (const auto& step : s.steps) {
        ++all[step.verdict];
        // A product gave way to a sum in parentheses.
        if (std::ranges::count(step.text, '*') < std::ranges::count(before, '*') &&
            std::ranges::count(step.text, '+') > std::ranges::count(before, '+'))
          ++sums[step.verdict];
        before = step.text;
      }
    }
  }
  CHECK(all.size() == 2);
  CHECK(all[Verdict::kRight] > 1000);
  CHECK(sums[Verdict::kRight] > 100);
  CHECK(sums[Verdict::kWrongValue] > 100);
}

TEST_CASE("rows have the length asked for, training problems only, and can be resumed") {
  const auto environment = family("C");
  Corpus corpus(*environment, {}, 11);
  corpus.row(96);
  const auto state = corpus.state();
  std::vector<std::string> rows;
  for (int i = 0; i < 50; ++i) rows.push_back(corpus.row(96));
  Corpus resumed(*environment, {}, 0);
  resumed.set_state(state);
  for (const auto& row : rows) {
    REQUIRE(row.size() == 96);
    REQUIRE(resumed.row(96) == row);
    for (const auto& s : solutions(*environment, row)) REQUIRE_FALSE(is_held_out(s.problem));
  }
  REQUIRE(corpus.row(1) == ";");
  REQUIRE(corpus.row(0).empty());
}

TEST_CASE("the mask covers what follows each problem's first '='") {
  const std::string row = ";1+2=3;4-1+2=3+2=5;7+";
  std::string shown;
  const auto mask = solution_mask(row);
  REQUIRE(mask.size() == row.size());
  for (std::size_t i = 0; i < row.size(); ++i) shown += mask[i] ? row[i] : '.';
  REQUIRE(shown == ".....3;......3+2=5;..");
}

}  // namespace
}  // namespace qstar

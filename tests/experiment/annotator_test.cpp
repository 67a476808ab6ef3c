// Annotators: the order of answers, ties, errors, and recorded rankings.
#include <catch2/catch.hpp>

#include "experiment/text/annotator.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace learning;
using namespace experiment;
namespace {

Trajectory work(std::initializer_list<Verdict> verdicts, Outcome outcome) {
  Trajectory attempt;
  attempt.problem = "1+2+3";
  attempt.outcome = outcome;
  for (const auto verdict : verdicts) attempt.steps.push_back(step_of("6", verdict));
  return attempt;
}

constexpr auto kRight = Verdict::kRight;
constexpr auto kWrong = Verdict::kWrongValue;

AttemptGroup four() {
  return {7,
          {work({kWrong, kRight}, Outcome::kLucky), work({kRight, kRight}, Outcome::kWon),
           work({kRight, kWrong}, Outcome::kLost), work({kRight, kWrong}, Outcome::kLost)}};
}

TEST_CASE("answers are ranked by the steps before the first wrong one, then by the answer") {
  const std::vector groups = {four()};
  const auto ranked = SimulatedAnnotator(0, 1).rank(groups).value().groups;
  REQUIRE(ranked.size() == 1);
  CHECK(ranked[0].ranks == std::vector<std::int64_t>{3, 1, 2, 2});
  // Right all the way and unfinished is less than finished.
  const std::vector unfinished = {
      AttemptGroup{8, {work({kRight}, Outcome::kUnfinished), work({kRight}, Outcome::kWon)}}};
  CHECK(SimulatedAnnotator(0, 1).rank(unfinished).value().groups[0].ranks ==
        std::vector<std::int64_t>{2, 1});
}

TEST_CASE("with error rate 1 the ranking is reversed, and ties stay ties") {
  const std::vector groups = {four()};
  const auto ranked = SimulatedAnnotator(1, 1).rank(groups).value().groups;
  CHECK(ranked[0].ranks == std::vector<std::int64_t>{1, 3, 2, 2});
}

TEST_CASE("errors have the configured rate and depend only on the group") {
  std::vector<AttemptGroup> groups;
  for (std::uint64_t g = 0; g < 2000; ++g)
    groups.push_back({g, {work({kRight}, Outcome::kWon), work({kWrong}, Outcome::kLost)}});
  SimulatedAnnotator annotator(0.1, 5);
  const auto ranked = annotator.rank(groups).value().groups;
  int wrong = 0;
  for (const auto& said : ranked) wrong += said.ranks[0] == 2 ? 1 : 0;
  CHECK(wrong > 150);
  CHECK(wrong < 250);
  for (std::size_t g = 0; g < 50; ++g)
    CHECK(annotator.rank(std::span(groups).subspan(g, 1)).value().groups[0].ranks ==
          ranked[g].ranks);
}

TEST_CASE("recorded rankings are returned unchanged") {
  LabelFile<Ranking> file;
  file.records.push_back({"1+2", {{{0, 0}, {"4"}, 2}, {{0, 1}, {"3"}, 1}}});
  file.skipped = {"rankings.jsonl:2: two attempts have no rank"};
  const auto said = RecordedAnnotator(file).rank({}).value();
  const auto& ranked = said.groups;
  REQUIRE(ranked.size() == 1);
  CHECK(said.skipped == file.skipped);
  const auto pairs = pairs_of(ranked);
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].better->steps[0].text == "3");
  CHECK(pairs[0].worse->steps[0].text == "4");
}

}  // namespace
}  // namespace qstar

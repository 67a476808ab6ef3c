#include "serving/report/comparison.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace serving;
namespace {

ComparedRun run(const std::string& folder, const std::string& seed, const std::string& algorithm,
                std::vector<std::uint8_t> right) {
  return {folder,
          {{"seed", seed}, {"name", "\"" + folder + "\""}, {"rl.algorithm", algorithm}},
          std::move(right),
          {{100, 0.25}, {300, 0.75}},
          400,
          10};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("runs that differ in their seeds alone are one variant") {
  const std::vector<ComparedRun> runs = {run("a1", "1", "grpo", {1, 1, 0, 0}),
                                         run("a2", "2", "grpo", {1, 1, 1, 1}),
                                         run("a3", "3", "grpo", {1, 1, 1, 0})};
  const auto made = compare_runs(runs);
  REQUIRE(made);
  REQUIRE(made->variants.size() == 1);
  const auto& figures = made->variants[0];
  CHECK(figures.label == "all");
  CHECK(figures.seeds == std::vector<std::string>{"1", "2", "3"});
  CHECK(figures.accuracies == std::vector<double>{0.5, 1, 0.75});
  CHECK(figures.mean == Approx(0.75));
  CHECK(figures.deviation == Approx(0.25));  // squares (1/16, 1/16, 0) over 2
  CHECK(figures.cost == 400);
  CHECK(figures.cpu_seconds == 10);
  CHECK(made->differences.empty());
}

TEST_CASE("differences are paired by problem and by seed") {
  // Seed 3 is in one variant alone, so it has no part in the difference.
  const std::vector<ComparedRun> runs = {
      run("g1", "1", "grpo", {0, 0, 1, 1}), run("g2", "2", "grpo", {0, 1, 1, 1}),
      run("g3", "3", "grpo", {0, 0, 0, 0}), run("p2", "2", "ppo", {1, 1, 1, 1}),
      run("p1", "1", "ppo", {1, 0, 1, 0})};
  const auto made = compare_runs(runs);
  REQUIRE(made);
  REQUIRE(made->variants.size() == 2);
  CHECK(made->variants[1].label == "rl.algorithm=ppo");
  REQUIRE(made->differences.size() == 1);
  const auto& difference = made->differences[0];
  CHECK(difference.label == "rl.algorithm=ppo");
  CHECK(difference.by_seed == std::vector<double>{0, 0.25});
  CHECK(difference.mean == Approx(0.125));
  // By problem: 1, 0, 0, -1/2; squares from the mean 49 + 1 + 1 + 25 sixty-fourths over 3.
  const double deviation = std::sqrt(76.0 / 64 / 3);
  CHECK(difference.ci95.high - difference.mean == Approx(1.959963985 * deviation / 2));
  CHECK(difference.mean - difference.ci95.low == Approx(1.959963985 * deviation / 2));
}

TEST_CASE("variants without a seed in common have no difference") {
  const std::vector<ComparedRun> runs = {run("g1", "1", "grpo", {0, 1}),
                                         run("p2", "2", "ppo", {1, 1})};
  const auto made = compare_runs(runs);
  REQUIRE(made);
  CHECK(made->variants.size() == 2);
  CHECK(made->differences.empty());
}

TEST_CASE("accuracy is interpolated at equal costs") {
  auto cheap = run("g1", "1", "grpo", {0, 1});
  cheap.cost = 200;
  const std::vector<ComparedRun> runs = {cheap, run("p1", "1", "ppo", {1, 1})};
  const auto made = compare_runs(runs);
  REQUIRE(made);
  CHECK(made->costs == std::vector<double>{50, 100, 150, 200});
  // Before the first point its accuracy holds; between 100 and 300 the line rises to .75.
  CHECK(made->variants[1].at_cost == std::vector<double>{0.25, 0.25, 0.375, 0.5});
}

TEST_CASE("a run without a curve leaves out the accuracies at equal costs") {
  auto bare = run("g1", "1", "grpo", {0, 1});
  bare.curve.clear();
  const auto made = compare_runs(std::vector<ComparedRun>{bare, run("p1", "1", "ppo", {1, 1})});
  REQUIRE(made);
  CHECK(made->costs.empty());
  CHECK_FALSE(has(comparison_text(*made, "tokens"), "accuracy after"));
}

TEST_CASE("what cannot be compared is refused by name") {
  CHECK(compare_runs({}).error().code == Errc::kUsage);
  const auto other = compare_runs(
      std::vector<ComparedRun>{run("a", "1", "grpo", {0, 1}), run("b", "2", "grpo", {0, 1, 1})});
  REQUIRE_FALSE(other);
  CHECK(has(other.error().message, "a was measured on 2 problems, b on 3"));
  const auto twice = compare_runs(
      std::vector<ComparedRun>{run("a", "1", "grpo", {0, 1}), run("b", "1", "grpo", {0, 1})});
  REQUIRE_FALSE(twice);
  CHECK(has(twice.error().message, "a and b are the same experiment"));
  const auto none = compare_runs(std::vector<ComparedRun>{run("a", "1", "grpo", {})});
  CHECK(none.error().code == Errc::kUsage);
}

TEST_CASE("tables and JSON show the same comparison") {
  const std::vector<ComparedRun> runs = {run("g1", "1", "grpo", {0, 0, 1, 1}),
                                         run("p1", "1", "ppo", {1, 1, 1, 0})};
  const auto made = compare_runs(runs);
  REQUIRE(made);
  const auto text = comparison_text(*made, "tokens");
  CHECK(has(text, "the same 4 held-out problems"));
  CHECK(has(text, "variant 2: rl.algorithm=ppo\n"));
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    CHECK(end - at <= 80);
  CHECK(has(text, "+.2500"));
  CHECK(has(text, "accuracy after this many tokens"));
  const auto json = comparison_json(*made, "tokens");
  CHECK(json["problems"] == 4);
  CHECK(json["variants"][0]["settings"] == "rl.algorithm=grpo");
  CHECK(json["variants"][1]["mean"] == 0.75);
  CHECK(json["variants"][0]["at_cost"][3]["cost"] == 400);
  CHECK(json["differences"][0]["difference"] == 0.25);
}

}  // namespace qstar

#include "serving/report/report.hpp"

#include <catch2/catch.hpp>

#include "serving/report/learning_curve.hpp"
#include "serving/report/puzzle_report.hpp"

namespace qstar {
using namespace serving;
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a learning curve is a well-formed picture of its points", "[report]") {
  const auto svg = learning_curve_svg({{0, 0.5}, {100, 0.9}, {200, 1}}, {"a < b & c", "tokens"});
  CHECK(svg.rfind("<svg", 0) == 0);
  CHECK(has(svg, "a &lt; b &amp; c"));
  CHECK_FALSE(has(svg, "a < b"));
  CHECK(has(svg, "tokens"));
  CHECK(has(svg, "</svg>"));
  for (const auto& empty : {learning_curve_svg({}, {}), learning_curve_svg({{0, 0}}, {})}) {
    CHECK(has(empty, "</svg>"));
    CHECK_FALSE(has(empty, "nan"));
    CHECK_FALSE(has(empty, "inf"));
  }
}

TEST_CASE("a report shows the given members and leaves out the rest", "[report]") {
  const nlohmann::json greedy = {{"n", 2000},
                                 {"accuracy", 0.4695},
                                 {"ci95", {0.45, 0.49}},
                                 {"tokens_per_problem", 17.4},
                                 {"cpu_seconds", 1.0}};
  const nlohmann::json report = {{"name", "quickstart"},
                                 {"seed", 1},
                                 {"base", {{"greedy", greedy}}},
                                 {"cost", {{"cpu_seconds", 251.9}}}};
  const auto text = report_markdown(report);
  CHECK(has(text, "quickstart"));
  CHECK((has(text, "0.4695") || has(text, ".470") || has(text, "46.9")));
  CHECK(has(text, "2000"));
  CHECK_FALSE(report_markdown(nlohmann::json::object()).empty());
}

TEST_CASE("a puzzle's report shows the share that greedy play solves", "[report]") {
  const nlohmann::json report = {
      {"name", "cube3"},
      {"puzzle", "cube3"},
      {"seed", 5'000'000'000},
      {"final", {{"solved", 0.875}, {"positions", 256}, {"moves", 40}, {"updates", 700}}},
      {"curve", {{{"updates", 0}, {"solved", 0.25}}, {{"updates", 700}, {"solved", 0.875}}}},
      {"cost", {{"cpu_seconds", 12.5}}}};
  const auto text = puzzle_report_markdown(report);
  CHECK(has(text, "After 700 updates on "));
  CHECK(has(text,
            "greedy play solves a share of 0.8750 of 256 fixed positions within 40 moves each"));
  CHECK(has(text, "| cpu_seconds | 12.5 |"));
  CHECK_FALSE(has(text, "## Network"));
  const auto svg = solved_curve_of(report);
  CHECK(has(svg, "cube3, seed 5000000000"));
  CHECK(has(svg, "610.0,72.5"));  // the last point: right edge, an eighth below the top
  CHECK_FALSE(puzzle_report_markdown(nlohmann::json::object()).empty());
}

}  // namespace
}  // namespace qstar

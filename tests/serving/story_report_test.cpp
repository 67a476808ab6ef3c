#include "serving/report/story_report.hpp"

#include <fstream>

#include "serving/report/report_file.hpp"
#include "serving/report/story_plots.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace serving;
namespace {

using nlohmann::json;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A report with every section; its report.md is in the golden test.
json complete() {
  std::ifstream file(std::string(QSTAR_SOURCE_DIR) + "/tests/golden/story_report.json");
  return json::parse(file);
}

std::string plot(const json& report, const std::string& name) {
  for (const auto& [file, svg] : story_plots(report)) {
    if (file == name) return svg;
  }
  return "";
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

struct SectionOf {
  const char *key, *title, *plot;
};
constexpr SectionOf kSectionOf[] = {
    {"verifiers", "## Verifiers", "calibration.svg"},
    {"search", "## Searches", "searches.svg"},
    {"rlhf", "## Learning from rankings", "rlhf.svg"},
    {"rl", "## Reinforcement learning", "rl.svg"},
    {"rewards", "## Rewards", "rewards.svg"},
    {"selfplay", "## Self-play", "selfplay.svg"},
    {"final", "## Final policy", "learning_curve.svg"},
    {"out_of_domain", "## Out of domain", "out_of_domain.svg"},
    {"polluted_context", "## Polluted context", "polluted_context.svg"},
    {"calculator", "## Comparison with the exact solver", ""},
    {"failed", "## Missed targets", ""}};

TEST_CASE("a story's summary has three steps with the best search guided by the PRM", "[story]") {
  const auto text = story_markdown(complete());
  const auto base = text.find("| base, sampled | one answer at temperature 1 | 0.3530 |");
  const auto search = text.find(
      "| base, beam guided by the PRM | samples 4, stop_below 0.5, retries 3; the best of 7 "
      "searches with this guide on these problems | 0.9510 |");
  const auto last = text.find("| final policy, greedy |");
  CHECK(base < search);
  CHECK(search < last);
  CHECK(last != std::string::npos);
  CHECK(has(text, "Family C, seed 1, configuration 0123456789abcdef"));
}

TEST_CASE("a section that is not in the report, or null, is in neither text nor plots", "[story]") {
  const json whole = complete();
  const auto text = story_markdown(whole);
  for (const auto& [key, title, name] : kSectionOf) {
    CAPTURE(key);
    CHECK(has(text, title));
    CHECK((*name == '\0' || has(text, std::string("](") + name)));
    json less = whole, none = whole;
    less.erase(key);
    none[key] = nullptr;
    for (const json& report : {less, none}) {
      CHECK_FALSE(has(story_markdown(report), title));
      if (*name == '\0') continue;
      CHECK_FALSE(has(story_markdown(report), std::string("](") + name));
      CHECK(plot(report, name).empty());
    }
  }
  const json nothing = {{"kind", "story"}, {"name", "x"}, {"seed", 1}};
  CHECK(story_plots(nothing).empty());
  CHECK_FALSE(has(story_markdown(nothing), "##"));
}

TEST_CASE("empty lists, empty objects and wrong types give no section", "[story]") {
  for (const json& empty : {json::array(), json::object(), json("text"), json(7), json(true)}) {
    json report = complete();
    for (const auto& [key, title, name] : kSectionOf) report[key] = empty;
    CAPTURE(empty.dump());
    const auto text = story_markdown(report);
    CHECK_FALSE(has(text, "## Searches"));
    CHECK_FALSE(has(text, "## Out of domain"));
    CHECK_FALSE(has(text, "## Missed targets"));
    for (const auto& [name, svg] : story_plots(report)) CHECK(name == "headline.svg");
  }
}

TEST_CASE("a missing figure is a dash, not a number", "[story]") {
  json report = complete();
  const auto text = story_markdown(report);
  CHECK(has(text, "| preference | preference | rankings | 1000 | 0.7000 | – | 0.6000 | – | – |"));
  CHECK(has(text, "At least one of the two runs did not reach the target accuracy."));
  CHECK(has(text, "| selfplay | 0.9860 | 0.9809 – 0.9911 | 2000 | 17.2 | 1.90 | – |"));
  report["selfplay"]["ratio"] = 0.8;
  report["base"]["sampled"].erase("ci95");
  CHECK(has(story_markdown(report),
            "Self-play needed 0.80 times the generated tokens of uniformly drawn problems."));
  CHECK(
      has(story_markdown(report), "| base, sampled | one answer at temperature 1 | 0.3530 | – |"));
}

TEST_CASE("names with special characters are escaped", "[story]") {
  json report = complete();
  CHECK(has(story_markdown(report), "| larger \\| other \\<numbers\\> |"));
  CHECK(has(plot(report, "out_of_domain.svg"), "larger | other &lt;numbers&gt;"));
  report["failed"] = {"a\n# b"};
  CHECK(has(story_markdown(report), "- a \\# b\n"));
  report["search"][4]["guide"] = "<svg/>";
  CHECK_FALSE(has(plot(report, "searches.svg"), "<svg/>"));
}

TEST_CASE("searches are drawn in one colour per guide, from few tokens to many", "[story]") {
  json report = {
      {"search",
       {{{"method", "beam"}, {"guide", "prm"}, {"tokens_per_problem", 1000}, {"accuracy", 1}},
        {{"method", "greedy"}, {"guide", ""}, {"tokens_per_problem", 10}, {"accuracy", 0}},
        {{"method", "beam"}, {"guide", "prm"}, {"tokens_per_problem", 100}, {"accuracy", 0.5}},
        {{"method", "lost"}, {"guide", "prm"}, {"accuracy", 0.5}}}}};
  const auto svg = plot(report, "searches.svg");
  // 10 to 1000 over 550 units from 60, accuracy 1 to 0 over 260 units from 40.
  CHECK(has(svg, "stroke=\"#2a7ae2\" stroke-width=\"2\" points=\"335.0,170.0 610.0,40.0 \""));
  CHECK(has(svg, "stroke=\"#e2762a\" stroke-width=\"2\" points=\"60.0,300.0 \""));
  CHECK(count(svg, ">prm<") == 1);
  CHECK(count(svg, ">no guide<") == 1);
  CHECK(count(svg, ">beam<") == 1);
  CHECK_FALSE(has(svg, "lost"));
}

TEST_CASE("over-optimisation is drawn as accuracy and proxy reward over KL, one colour per weight",
          "[story]") {
  const json report = {{"rlhf",
                        {{"runs",
                          {{{"kl_weight", 0.5},
                            {"curve",
                             {{{"kl", 0}, {"accuracy", 0.5}, {"proxy", -1}},
                              {{"kl", 2}, {"accuracy", 0.25}, {"proxy", 3}}}}}}}}}};
  const auto svg = plot(report, "rlhf.svg");
  CHECK(has(svg, "points=\"60.0,170.0 610.0,235.0 \""));
  CHECK(has(svg, "points=\"60.0,660.0 610.0,400.0 \""));  // the second panel, from -1 to 3
  CHECK(count(svg, ">KL penalty weight 0.5<") == 1);
}

}  // namespace
}  // namespace qstar

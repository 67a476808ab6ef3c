#include "serving/report/run_report.hpp"

#include <algorithm>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>

namespace qstar {
using namespace serving;
namespace {

using nlohmann::json;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

json golden(const std::string& name) {
  std::ifstream file(std::string(QSTAR_SOURCE_DIR) + "/tests/golden/" + name);
  return json::parse(file);
}

// A report with every section; its report.md is in the golden test.
json complete() { return golden("text_report.json"); }

std::string text_of(const json& report) { return report_files(report).front().second; }

std::string plot(const json& report, const std::string& name) {
  for (const auto& [file, svg] : report_files(report)) {
    if (file == name) return svg;
  }
  return "";
}

std::vector<std::string> plot_names(const json& report) {
  std::vector<std::string> names;
  for (const auto& [file, svg] : report_files(report)) names.push_back(file);
  REQUIRE(names.front() == "report.md");
  names.erase(names.begin());
  return names;
}

// A report with one stage.
json of_stage(const std::string& kind, const json& results, const std::string& name = "x") {
  return {{"name", "n"},
          {"seed", 1},
          {"stages", {{{"name", name}, {"kind", kind}}}},
          {"results", {{name, results}}}};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

struct SectionOf {
  const char *path, *title, *plot;
};
constexpr SectionOf kSectionOf[] = {
    {"/results/base", "## Pre-training\n", ""},
    {"/results/sft", "## Fine-tuning\n", ""},
    {"/results/judges", "## Judges\n", "calibration.svg"},
    {"/results/search", "## Searches\n", "searches.svg"},
    {"/results/rlhf", "## Learning from rankings\n", "rlhf.svg"},
    {"/results/rl", "## Comparison of training runs: rl\n", "rl.svg"},
    {"/results/rewards", "## Comparison of training runs: rewards\n", "rewards.svg"},
    {"/results/selfplay", "## Self-play\n", "selfplay.svg"},
    {"/results/critic_beside", "## Reinforcement learning: critic_beside\n",
     "learning_curve_critic_beside.svg"},
    {"/results/critic_beside/critic", "## Critic: critic_beside\n", ""},
    {"/results/critic_beside/attempts", "## Attempts: critic_beside\n", ""},
    {"/results/final", "## Reinforcement learning: final\n", "learning_curve.svg"},
    {"/results/measure/out_of_domain", "## Out of domain\n", "out_of_domain.svg"},
    {"/results/measure/polluted_context", "## Polluted context\n", "polluted_context.svg"},
    {"/results/measure/calculator", "## Comparison with the exact solver\n", ""},
    {"/failed", "## Missed targets\n", ""}};

void erase(json& report, const std::string& path) {
  const json::json_pointer pointer(path);
  report[pointer.parent_pointer()].erase(pointer.back());
}

TEST_CASE("the summary has three steps with the best search guided by the PRM", "[report]") {
  const auto text = text_of(complete());
  const auto base = text.find("| base, sampled | one answer at temperature 1 | 0.3530 |");
  const auto search = text.find(
      "| base, beam guided by the PRM | samples 4, stop_below 0.5, retries 3; the best of 7 "
      "searches with this guide on these problems | 0.9510 |");
  const auto last = text.find(
      "| final policy, greedy | one answer; no search, no verifier, no reward model | 0.9925 |");
  CHECK(base < search);
  CHECK(search < last);
  CHECK(last != std::string::npos);
  CHECK(has(text, "arithmetic, family C, seed 1, configuration 0123456789abcdef"));
}

TEST_CASE("the summary needs such a search or a second step", "[report]") {
  const auto has_summary = [](const json& report) {
    const bool text = has(text_of(report), "## Summary"),
               svg = !plot(report, "headline.svg").empty();
    CHECK(text == svg);
    return text;
  };
  const json evaluation = {{"accuracy", 0.5}};
  CHECK_FALSE(has_summary(of_stage("pretrain", {{"sampled", evaluation}})));
  CHECK_FALSE(has_summary(of_stage("reinforce", {{"greedy", evaluation}})));
  CHECK(has_summary(of_stage("search", {{{"guide", "prm"}, {"accuracy", 0.5}}})));
  CHECK_FALSE(has_summary(of_stage("search", {{{"guide", "orm"}, {"accuracy", 0.5}}})));
  CHECK(has_summary(golden("quickstart_report.json")));
  CHECK_FALSE(has_summary(golden("cube3_report.json")));
}

TEST_CASE("sections are in the order of the stages", "[report]") {
  json report = complete();
  std::reverse(report["stages"].begin(), report["stages"].end());
  const auto text = text_of(report);
  CHECK(text.find("## Out of domain") < text.find("## Self-play"));
  CHECK(text.find("## Self-play") < text.find("## Pre-training"));
  CHECK(text.find("## Pre-training") < text.find("## Cost"));
}

TEST_CASE("a section that is not in the report, or null, is in neither text nor plots",
          "[report]") {
  const json whole = complete();
  const auto text = text_of(whole);
  for (const auto& [path, title, name] : kSectionOf) {
    CAPTURE(path);
    CHECK(has(text, title));
    CHECK((*name == '\0' || has(text, std::string("](") + name)));
    json less = whole, none = whole;
    erase(less, path);
    none[json::json_pointer(path)] = nullptr;
    for (const json& report : {less, none}) {
      CHECK_FALSE(has(text_of(report), title));
      if (*name == '\0') continue;
      CHECK_FALSE(has(text_of(report), std::string("](") + name));
      CHECK(plot(report, name).empty());
    }
  }
  const json nothing = {{"name", "x"}, {"seed", 1}, {"stages", json::array()}};
  for (const json& empty : {nothing, json::object(), json()}) {
    CHECK(plot_names(empty).empty());
    CHECK_FALSE(has(text_of(empty), "##"));
  }
}

TEST_CASE("empty lists, empty objects and wrong types give no section", "[report]") {
  for (const json& empty : {json::array(), json::object(), json("text"), json(7), json(true)}) {
    json report = complete();
    for (const auto& stage : report["stages"])
      report["results"][stage["name"].get<std::string>()] = empty;
    report["failed"] = empty;
    CAPTURE(empty.dump());
    const auto text = text_of(report);
    CHECK(text.find("## ") == text.find("## Cost"));
    CHECK(plot_names(report).empty());
  }
}

TEST_CASE("a missing figure is a dash, not a number", "[report]") {
  json report = complete();
  const auto text = text_of(report);
  CHECK(has(text, "| preference | preference | rankings | 1000 | 0.7000 | – | 0.6000 | – | – |"));
  CHECK(has(text, "At least one of the two runs did not reach the target accuracy."));
  CHECK(has(text, "| selfplay | 0.9860 | 0.9809 – 0.9911 | 2000 | 17.2 | 1.90 | – |"));
  report["results"]["selfplay"]["ratio"] = 0.8;
  report["results"]["base"]["sampled"].erase("ci95");
  CHECK(has(text_of(report),
            "Self-play needed 0.80 times the generated tokens of uniformly drawn problems."));
  CHECK(has(text_of(report), "| base, sampled | one answer at temperature 1 | 0.3530 | – |"));
}

TEST_CASE("names with special characters are escaped", "[report]") {
  json report = complete();
  CHECK(has(text_of(report), "| larger \\| other \\<numbers\\> |"));
  CHECK(has(plot(report, "out_of_domain.svg"), "larger | other &lt;numbers&gt;"));
  report["failed"] = {"a\n# b"};
  CHECK(has(text_of(report), "- a \\# b\n"));
  report["results"]["search"][4]["guide"] = "<svg/>";
  CHECK_FALSE(has(plot(report, "searches.svg"), "<svg/>"));
}

TEST_CASE("searches are drawn in one colour per guide, from few tokens to many", "[report]") {
  const json report = of_stage(
      "search",
      {{{"method", "beam"}, {"guide", "prm"}, {"tokens_per_problem", 1000}, {"accuracy", 1}},
       {{"method", "greedy"}, {"guide", ""}, {"tokens_per_problem", 10}, {"accuracy", 0}},
       {{"method", "beam"}, {"guide", "prm"}, {"tokens_per_problem", 100}, {"accuracy", 0.5}},
       {{"method", "lost"}, {"guide", "prm"}, {"accuracy", 0.5}}});
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
          "[report]") {
  const json report =
      of_stage("feedback", {{"runs",
                             {{{"kl_weight", 0.5},
                               {"curve",
                                {{{"kl", 0}, {"accuracy", 0.5}, {"proxy", -1}},
                                 {{"kl", 2}, {"accuracy", 0.25}, {"proxy", 3}}}}}}}});
  const auto svg = plot(report, "rlhf.svg");
  CHECK(has(svg, "points=\"60.0,170.0 610.0,235.0 \""));
  CHECK(has(svg, "points=\"60.0,660.0 610.0,400.0 \""));  // the second panel, from -1 to 3
  CHECK(count(svg, ">KL penalty weight 0.5<") == 1);
}

TEST_CASE("a comparison is drawn as accuracy and share of right answers with a wrong step",
          "[report]") {
  const json points = {{{"tokens", 0}, {"accuracy", 0.5}, {"lucky", 0.5}},
                       {{"tokens", 100}, {"accuracy", 1}, {"lucky", 0}}};
  const auto svg = plot(of_stage("compare", {{"grpo", {{"curve", points}}}}), "x.svg");
  CHECK(has(svg, "points=\"60.0,170.0 610.0,40.0 \""));
  CHECK(has(svg, "points=\"60.0,400.0 610.0,660.0 \""));  // the second panel, from 0 to 0.5
  CHECK(count(svg, ">grpo<") == 1);
  const json accuracies = {{{"tokens", 0}, {"accuracy", 0.5}}};
  const auto one = plot(of_stage("compare", {{"grpo", {{"curve", accuracies}}}}), "x.svg");
  CHECK(count(one, "<polyline") == 1);
  CHECK_FALSE(has(one, "wrong step"));
}

TEST_CASE("a report shows the given members and leaves out the rest", "[report]") {
  const json greedy = {{"n", 2000},
                       {"accuracy", 0.4695},
                       {"ci95", {0.45, 0.49}},
                       {"tokens_per_problem", 17.4},
                       {"cpu_seconds", 1.0}};
  json report = of_stage("pretrain", {{"greedy", greedy}}, "base");
  report["name"] = "quickstart";
  report["cost"] = {{"cpu_seconds", 251.9}};
  const auto text = text_of(report);
  CHECK(has(text, "# quickstart\n\nseed 1, "));
  CHECK(has(text, "| base | greedy | 0.4695 | 0.4500 – 0.4900 | 2000 | 17.4 | 1.00 | – | – |"));
  CHECK(has(text, "| total | 251.9 |"));
  CHECK_FALSE(has(text, "sampled"));
}

TEST_CASE("a puzzle's report shows the share that greedy play solves", "[report]") {
  json report = of_stage(
      "cost_to_go",
      {{"solved", 0.875},
       {"positions", 256},
       {"moves", 40},
       {"updates", 700},
       {"curve", {{{"updates", 0}, {"solved", 0.25}}, {{"updates", 700}, {"solved", 0.875}}}}},
      "cost_to_go");
  report.update({{"name", "cube3"},
                 {"environment", "cube3"},
                 {"family", "C"},
                 {"seed", 5'000'000'000},
                 {"cost", {{"cpu_seconds", 12.5}}}});
  const auto text = text_of(report);
  CHECK(has(text, "\ncube3, seed 5000000000, "));  // a puzzle is of no family
  CHECK(has(text, "## Greedy play\n\nAfter 700 updates on "));
  CHECK(has(text,
            "greedy play solves a share of 0.8750 of 256 fixed positions within 40 moves each"));
  CHECK(has(text, "](learning_curve.svg)"));
  CHECK(has(text, "| total | 12.5 |"));
  CHECK_FALSE(has(text, "## Network"));
  const auto svg = plot(report, "learning_curve.svg");
  CHECK(has(svg, "cube3, seed 5000000000: share of positions that greedy play solves"));
  CHECK(has(svg, "610.0,72.5"));  // the last point: right edge, an eighth below the top
}

TEST_CASE("the last of several stages of a kind has the plain name of its plot", "[report]") {
  json report = {{"name", "n"}, {"seed", 1}};
  for (const char* name : {"warm", "reinforce", "last"}) {
    report["stages"].push_back({{"name", name}, {"kind", "reinforce"}});
    report["results"][name] = {{"greedy", {{"accuracy", 0.5}}},
                               {"curve", {{{"tokens", 0}, {"accuracy", 0.5}}}}};
  }
  CHECK(plot_names(report) == std::vector<std::string>{"learning_curve_warm.svg",
                                                       "learning_curve_reinforce.svg",
                                                       "learning_curve.svg"});
  const auto text = text_of(report);
  CHECK(has(text, "## Reinforcement learning: reinforce\n"));
  CHECK(has(text, "![Reinforcement learning: last](learning_curve.svg)"));
  CHECK(has(plot(report, "learning_curve.svg"), "n, seed 1, last: greedy accuracy"));
  report["stages"] = {{{"name", "reinforce"}, {"kind", "reinforce"}}};
  CHECK(has(text_of(report), "## Reinforcement learning\n"));
  CHECK(has(plot(report, "learning_curve.svg"), "n, seed 1: greedy accuracy"));
}

TEST_CASE("no two plots have the same name", "[report]") {
  json report = {{"name", "n"}, {"seed", 1}};
  const auto add = [&report](const char* name, const char* kind) {
    report["stages"].push_back({{"name", name}, {"kind", kind}});
    const json point = {{"tokens", 0}, {"accuracy", 0.5}};
    report["results"][name] = {{"run", {{"curve", {point}}}}, {"curve", {point}}};
  };
  for (const char* name : {"headline", "learning_curve", "learning_curve_a", "searches"})
    add(name, "compare");
  for (const char* name : {"a", "b"}) add(name, "reinforce");
  const auto names = plot_names(report);
  CHECK(names.size() == 6);
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == 6);
  CHECK(names.back() == "learning_curve.svg");
  CHECK(std::find(names.begin(), names.end(), "headline.svg") == names.end());
}

TEST_CASE("stages with a name that cannot be part of a file's name are left out", "[report]") {
  const json results = {{"run", {{"curve", {{{"tokens", 0}, {"accuracy", 0.5}}}}}}};
  for (const char* name : {"../x", "/tmp/x", "a/b", "", "a b", "a.b"}) {
    CAPTURE(name);
    CHECK(plot_names(of_stage("compare", results, name)).empty());
  }
  CHECK(plot_names(of_stage("compare", results, std::string(201, 'x'))).empty());
  CHECK(plot_names(of_stage("compare", results, "a-B_9")) == std::vector<std::string>{"a-B_9.svg"});
  CHECK(plot_names(of_stage("dream", results)).empty());
}

}  // namespace
}  // namespace qstar

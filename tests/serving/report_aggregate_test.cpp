#include "serving/report/report_aggregate.hpp"

#include "serving/report/run_report.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

using nlohmann::json;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A run with one stage of each of these kinds, which also are their names.
json run(int seed, const json& results = json::object(), const json& members = json::object()) {
  json report = {{"name", "qstar"},
                 {"environment", "arithmetic"},
                 {"family", "C"},
                 {"seed", seed},
                 {"config_hash", "hash" + std::to_string(seed)},
                 {"results", results}};
  for (const auto& [kind, result] : results.items())
    report["stages"].push_back({{"name", kind}, {"kind", kind}, {"cpu_seconds", seed}});
  report.update(members);
  return report;
}

json aggregate(const std::vector<json>& reports) {
  const auto made = serving::aggregate_reports(reports);
  INFO((made ? "" : made.error().message));
  REQUIRE(made);
  return *made;
}

Error refusal(const std::vector<json>& reports) {
  const auto made = serving::aggregate_reports(reports);
  REQUIRE_FALSE(made);
  return made.error();
}

json summary(double mean, double min, double max, int n) {
  return {{"mean", mean}, {"min", min}, {"max", max}, {"n", n}};
}

TEST_CASE("a number becomes its mean, minimum, maximum and count", "[aggregate]") {
  const auto all =
      aggregate({run(1, {{"reinforce", {{"greedy", {{"accuracy", 0.5}}}}}}),
                 run(3, {{"reinforce", {{"greedy", {{"accuracy", 1.0}}}}}}),
                 run(2, {{"reinforce", {{"greedy", {{"accuracy", 0.75}, {"n", 4}}}}}})});
  CHECK(all["results"]["reinforce"]["greedy"]["accuracy"] == summary(0.75, 0.5, 1, 3));
  CHECK(all["results"]["reinforce"]["greedy"]["n"] == summary(4, 4, 4, 1));
  CHECK(all["seeds"] == json({1, 3, 2}));
  CHECK_FALSE(all.contains("seed"));
  CHECK(all["family"] == "C");
  CHECK(all["environment"] == "arithmetic");
  CHECK(all["config_hash"] == json({"hash1", "hash3", "hash2"}));
}

TEST_CASE("null is not counted as a number", "[aggregate]") {
  const auto reached = [](int seed, const json& tokens) {
    return run(seed,
               {{"selfplay", {{"ratio", nullptr}, {"uniform", {{"tokens_to_target", tokens}}}}}});
  };
  const auto all = aggregate({reached(1, 100), reached(2, nullptr), reached(3, 300)});
  CHECK(all["results"]["selfplay"]["uniform"]["tokens_to_target"] == summary(200, 100, 300, 2));
  CHECK(all["results"]["selfplay"]["ratio"].is_null());
}

TEST_CASE("rows are matched by their keys, whatever their order", "[aggregate]") {
  const auto row = [](const char* method, const char* options, const char* guide, double accuracy) {
    return json{{"method", method}, {"options", options}, {"guide", guide}, {"accuracy", accuracy}};
  };
  const auto measured = [](const json& domains, const json& contexts) {
    return json{{"out_of_domain", domains}, {"polluted_context", contexts}};
  };
  const auto all = aggregate(
      {run(1, {{"search",
                {row("beam", "samples 4", "prm", 0.5), row("beam", "samples 4", "orm", 0.25)}},
               {"measure", measured({{{"name", "a"}, {"base", {{"accuracy", 0}}}}},
                                    {{{"context", "none"}, {"base", {{"accuracy", 0.5}}}}})}}),
       run(2, {{"search",
                {row("beam", "samples 4", "orm", 0.75), row("beam", "samples 8", "prm", 1),
                 row("beam", "samples 4", "prm", 1)}},
               {"measure", measured({{{"name", "b"}, {"base", {{"accuracy", 1}}}},
                                     {{"name", "a"}, {"base", {{"accuracy", 1}}}}},
                                    {{{"context", "1 wrong"}, {"base", {{"accuracy", 0}}}},
                                     {{"context", "none"}, {"base", {{"accuracy", 0}}}}})}})});
  const json& search = all["results"]["search"];
  REQUIRE(search.size() == 3);
  CHECK(search[0]["guide"] == "prm");
  CHECK(search[0]["accuracy"] == summary(0.75, 0.5, 1, 2));
  CHECK(search[1]["accuracy"] == summary(0.5, 0.25, 0.75, 2));
  CHECK(search[2]["options"] == "samples 8");
  CHECK(search[2]["accuracy"] == summary(1, 1, 1, 1));
  const json& measure = all["results"]["measure"];
  REQUIRE(measure["out_of_domain"].size() == 2);
  CHECK(measure["out_of_domain"][0]["name"] == "a");
  CHECK(measure["out_of_domain"][0]["base"]["accuracy"] == summary(0.5, 0, 1, 2));
  REQUIRE(measure["polluted_context"].size() == 2);
  CHECK(measure["polluted_context"][0]["base"]["accuracy"] == summary(0.25, 0, 0.5, 2));
}

TEST_CASE("stages keep their names and kinds", "[aggregate]") {
  const auto report = [](int seed) {
    return run(seed, {{"mine", json::array()}, {"reinforce", json::object()}},
               {{"stages",
                 {{{"name", "mine"}, {"kind", "search"}, {"cpu_seconds", seed}},
                  {{"name", "reinforce"}, {"kind", "reinforce"}, {"cpu_seconds", 5}}}}});
  };
  const auto all = aggregate({report(1), report(3)});
  CHECK(all["stages"] ==
        json{{{"name", "mine"}, {"kind", "search"}, {"cpu_seconds", summary(2, 1, 3, 2)}},
             {{"name", "reinforce"}, {"kind", "reinforce"}, {"cpu_seconds", summary(5, 5, 5, 2)}}});
}

TEST_CASE("rows of one report are never merged", "[aggregate]") {
  const auto row = [](double budget, double accuracy) {
    return json{{"method", "mcts"},
                {"options", ""},
                {"guide", "prm"},
                {"budget", budget},
                {"accuracy", accuracy}};
  };
  const auto report = [&row](int seed) {
    return run(seed, {{"search", {row(100, 0.25), row(500, 0.5), row(500, 1)}}});
  };
  const auto all = aggregate({report(1), report(2)});
  const json& search = all["results"]["search"];
  REQUIRE(search.size() == 3);
  CHECK(search[0]["budget"] == 100);
  CHECK(search[1]["accuracy"] == summary(0.5, 0.5, 0.5, 2));
  CHECK(search[2]["accuracy"] == summary(1, 1, 1, 2));
}

TEST_CASE("curves and runs with the same KL penalty weight are merged", "[aggregate]") {
  const auto report = [](int seed, const json& weights) {
    json runs = json::array();
    for (const auto& weight : weights) {
      runs.push_back(
          {{"kl_weight", weight}, {"curve", {{{"kl", 0}, {"accuracy", seed}}, {{"kl", weight}}}}});
    }
    return run(seed, {{"feedback", {{"runs", runs}}}});
  };
  const auto all = aggregate({report(1, {0.0, 0.5}), report(3, {0.5, 0.0})});
  const json& weighted = all["results"]["feedback"]["runs"];
  REQUIRE(weighted.size() == 2);
  const auto& second = weighted[1];
  CHECK(second["kl_weight"] == 0.5);
  CHECK(second["curve"][0]["accuracy"] == summary(2, 1, 3, 2));
  CHECK(second["curve"][1]["kl"] == summary(0.5, 0.5, 0.5, 2));
}

TEST_CASE("missed targets are prefixed with their seed", "[aggregate]") {
  const auto all =
      aggregate({run(1, {}, {{"failed", {"a", "b"}}}), run(2), run(3, {}, {{"failed", {"a"}}})});
  CHECK(all["failed"] == json({"seed 1: a", "seed 1: b", "seed 3: a"}));
}

TEST_CASE("reports of different runs are refused, and both are named", "[aggregate]") {
  const auto of = [](int seed, const char* key, const json& value) {
    return run(seed, {}, {{key, value}});
  };
  auto error = refusal({run(1), of(2, "family", "B")});
  CHECK(error.code == Errc::kUsage);
  CHECK(has(error.message, "family"));
  CHECK(has(error.message, "seed 1 is C"));
  CHECK(has(error.message, "seed 2 is B"));
  error = refusal({of(1, "long_work", false), of(2, "long_work", true)});
  CHECK(error.code == Errc::kUsage);
  CHECK(has(error.message, "long_work of seed 1 is false"));
  error = refusal({run(1), run(2, {{"cost_to_go", json::object()}})});
  CHECK(error.code == Errc::kUsage);
  CHECK(has(error.message, "puzzle"));
  CHECK(has(error.message, "text"));
  const auto puzzle = [](int seed, const char* name) {
    return run(seed, {{"cost_to_go", json::object()}}, {{"environment", name}});
  };
  CHECK(has(refusal({puzzle(1, "cube3"), puzzle(2, "pancake")}).message, "pancake"));
  error = refusal({run(1), run(2), run(1)});
  CHECK(error.code == Errc::kUsage);
  CHECK(has(error.message, "seed 1 appears twice"));
  CHECK(refusal({run(1)}).code == Errc::kUsage);
  error = refusal({of(1, "a", {{"b", 1}}), of(2, "a", {{"b", "x"}})});
  CHECK(error.code == Errc::kCorrupt);
  CHECK(has(error.message, "a.b"));
  error = refusal(
      {run(1, {{"reinforce", {{"rounds", 1}}}}), run(2, {{"reinforce", {{"rounds", "x"}}}})});
  CHECK(error.code == Errc::kCorrupt);
  CHECK(has(error.message, "results.reinforce.rounds"));
}

TEST_CASE("reports of different stages are refused, and both lists are named", "[aggregate]") {
  const auto staged = [](int seed, const json& stages) {
    return run(seed, {}, {{"stages", stages}});
  };
  const json base = {{"name", "base"}, {"kind", "pretrain"}};
  const auto last = [](const char* name, const char* kind) {
    return json{{"name", name}, {"kind", kind}};
  };
  const json first = {base, last("rl", "reinforce")};
  for (const json& other :
       {json{base}, json{base, last("other", "reinforce")}, json{base, last("rl", "compare")},
        json{last("rl", "reinforce"), base}}) {
    const auto error = refusal({staged(1, first), staged(2, other)});
    CHECK(error.code == Errc::kUsage);
    CHECK(has(error.message, "the list of stages of seed 1 is base (pretrain), rl (reinforce)"));
    CHECK(has(error.message, "that of seed 2 is "));
  }
}

TEST_CASE("an aggregate is rendered as means with minimum and maximum", "[aggregate]") {
  const auto report = [](int seed, double accuracy) {
    const json greedy = {{"accuracy", accuracy}, {"n", 500}, {"ci95", {accuracy, 1}}};
    return run(seed,
               {{"pretrain", {{"sampled", {{"accuracy", 0.25}}}}},
                {"reinforce",
                 {{"greedy", greedy}, {"curve", {{{"tokens", 1000}, {"accuracy", accuracy}}}}}}},
               {{"cost", {{"cpu_seconds", 10 * seed}}}});
  };
  const auto files = serving::report_files(aggregate({report(1, 0.5), report(2, 0.75)}));
  CHECK(files[0].first == "report.md");
  const std::string& text = files[0].second;
  CHECK(has(text, "seeds 1, 2, configuration hash1, hash2"));
  CHECK(has(text, "| 0.6250 (0.5000 – 0.7500) | 0.6250 – 1.0000 | 500 | – |"));
  CHECK(has(text, "| reinforce | 1.5 (1.0 – 2.0) |"));
  CHECK(has(text, "| total | 15.0 (10.0 – 20.0) |"));
  CHECK(files[1].first == "headline.svg");
  CHECK(has(files[1].second, ">0.625<"));
}

}  // namespace
}  // namespace qstar

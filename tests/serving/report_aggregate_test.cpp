#include "serving/report/report_aggregate.hpp"

#include "serving/report/report_file.hpp"

#include <catch2/catch.hpp>

namespace qstar {
namespace {

using nlohmann::json;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

json story(int seed, const json& members = json::object()) {
  json report = {{"kind", "story"},
                 {"name", "qstar"},
                 {"family", "C"},
                 {"seed", seed},
                 {"config_hash", "hash" + std::to_string(seed)}};
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
  const auto all = aggregate({story(1, {{"final", {{"greedy", {{"accuracy", 0.5}}}}}}),
                              story(3, {{"final", {{"greedy", {{"accuracy", 1.0}}}}}}),
                              story(2, {{"final", {{"greedy", {{"accuracy", 0.75}, {"n", 4}}}}}})});
  CHECK(all["final"]["greedy"]["accuracy"] == summary(0.75, 0.5, 1, 3));
  CHECK(all["final"]["greedy"]["n"] == summary(4, 4, 4, 1));
  CHECK(all["seeds"] == json({1, 3, 2}));
  CHECK_FALSE(all.contains("seed"));
  CHECK(all["family"] == "C");
  CHECK(all["config_hash"] == json({"hash1", "hash3", "hash2"}));
}

TEST_CASE("null is not counted as a number", "[aggregate]") {
  const auto reached = [](int seed, const json& tokens) {
    return story(seed,
                 {{"selfplay", {{"ratio", nullptr}, {"uniform", {{"tokens_to_target", tokens}}}}}});
  };
  const auto all = aggregate({reached(1, 100), reached(2, nullptr), reached(3, 300)});
  CHECK(all["selfplay"]["uniform"]["tokens_to_target"] == summary(200, 100, 300, 2));
  CHECK(all["selfplay"]["ratio"].is_null());
}

TEST_CASE("rows are matched by their keys, whatever their order", "[aggregate]") {
  const auto row = [](const char* method, const char* options, const char* guide, double accuracy) {
    return json{{"method", method}, {"options", options}, {"guide", guide}, {"accuracy", accuracy}};
  };
  const auto all = aggregate(
      {story(1, {{"search",
                  {row("beam", "samples 4", "prm", 0.5), row("beam", "samples 4", "orm", 0.25)}},
                 {"out_of_domain", {{{"name", "a"}, {"base", {{"accuracy", 0}}}}}},
                 {"polluted_context", {{{"context", "none"}, {"base", {{"accuracy", 0.5}}}}}}}),
       story(2, {{"search",
                  {row("beam", "samples 4", "orm", 0.75), row("beam", "samples 8", "prm", 1),
                   row("beam", "samples 4", "prm", 1)}},
                 {"out_of_domain",
                  {{{"name", "b"}, {"base", {{"accuracy", 1}}}},
                   {{"name", "a"}, {"base", {{"accuracy", 1}}}}}},
                 {"polluted_context",
                  {{{"context", "1 wrong"}, {"base", {{"accuracy", 0}}}},
                   {{"context", "none"}, {"base", {{"accuracy", 0}}}}}}})});
  REQUIRE(all["search"].size() == 3);
  CHECK(all["search"][0]["guide"] == "prm");
  CHECK(all["search"][0]["accuracy"] == summary(0.75, 0.5, 1, 2));
  CHECK(all["search"][1]["accuracy"] == summary(0.5, 0.25, 0.75, 2));
  CHECK(all["search"][2]["options"] == "samples 8");
  CHECK(all["search"][2]["accuracy"] == summary(1, 1, 1, 1));
  REQUIRE(all["out_of_domain"].size() == 2);
  CHECK(all["out_of_domain"][0]["name"] == "a");
  CHECK(all["out_of_domain"][0]["base"]["accuracy"] == summary(0.5, 0, 1, 2));
  REQUIRE(all["polluted_context"].size() == 2);
  CHECK(all["polluted_context"][0]["base"]["accuracy"] == summary(0.25, 0, 0.5, 2));
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
    return story(seed, {{"search", {row(100, 0.25), row(500, 0.5), row(500, 1)}}});
  };
  const auto all = aggregate({report(1), report(2)});
  REQUIRE(all["search"].size() == 3);
  CHECK(all["search"][0]["budget"] == 100);
  CHECK(all["search"][1]["accuracy"] == summary(0.5, 0.5, 0.5, 2));
  CHECK(all["search"][2]["accuracy"] == summary(1, 1, 1, 2));
}

TEST_CASE("curves and runs with the same KL penalty weight are merged", "[aggregate]") {
  const auto report = [](int seed, const json& weights) {
    json runs = json::array();
    for (const auto& weight : weights) {
      runs.push_back(
          {{"kl_weight", weight}, {"curve", {{{"kl", 0}, {"accuracy", seed}}, {{"kl", weight}}}}});
    }
    return story(seed, {{"rlhf", {{"runs", runs}}}});
  };
  const auto all = aggregate({report(1, {0.0, 0.5}), report(3, {0.5, 0.0})});
  REQUIRE(all["rlhf"]["runs"].size() == 2);
  const auto& second = all["rlhf"]["runs"][1];
  CHECK(second["kl_weight"] == 0.5);
  CHECK(second["curve"][0]["accuracy"] == summary(2, 1, 3, 2));
  CHECK(second["curve"][1]["kl"] == summary(0.5, 0.5, 0.5, 2));
}

TEST_CASE("missed targets are prefixed with their seed", "[aggregate]") {
  const auto all =
      aggregate({story(1, {{"failed", {"a", "b"}}}), story(2), story(3, {{"failed", {"a"}}})});
  CHECK(all["failed"] == json({"seed 1: a", "seed 1: b", "seed 3: a"}));
}

TEST_CASE("reports of different runs are refused, and both are named", "[aggregate]") {
  json other = story(2);
  other["family"] = "B";
  auto error = refusal({story(1), other});
  CHECK(error.code == Errc::kUsage);
  CHECK(has(error.message, "family"));
  CHECK(has(error.message, "seed 1 is C"));
  CHECK(has(error.message, "seed 2 is B"));
  const json text = {{"name", "x"}, {"family", "C"}, {"seed", 2}};
  error = refusal({story(1), text});
  CHECK(error.code == Errc::kUsage);
  CHECK(has(error.message, "story"));
  CHECK(has(error.message, "text"));
  const auto puzzle = [](int seed, const char* name) {
    return json{{"name", "x"}, {"puzzle", name}, {"seed", seed}};
  };
  CHECK(has(refusal({puzzle(1, "cube3"), puzzle(2, "pancake")}).message, "pancake"));
  error = refusal({story(1), story(2), story(1)});
  CHECK(error.code == Errc::kUsage);
  CHECK(has(error.message, "seed 1 appears twice"));
  CHECK(refusal({story(1)}).code == Errc::kUsage);
  error = refusal({story(1, {{"a", {{"b", 1}}}}), story(2, {{"a", {{"b", "x"}}}})});
  CHECK(error.code == Errc::kCorrupt);
  CHECK(has(error.message, "a.b"));
}

TEST_CASE("an aggregate is rendered as means with minimum and maximum", "[aggregate]") {
  const auto report = [](int seed, double accuracy) {
    return story(seed, {{"final",
                         {{"greedy", {{"accuracy", accuracy}, {"n", 500}, {"ci95", {accuracy, 1}}}},
                          {"curve", {{{"tokens", 1000}, {"accuracy", accuracy}}}}}}});
  };
  const auto files = serving::report_files(aggregate({report(1, 0.5), report(2, 0.75)}));
  CHECK(files[0].first == "report.md");
  CHECK(has(files[0].second, "seeds 1, 2, configuration hash1, hash2"));
  CHECK(has(files[0].second, "| 0.6250 (0.5000 – 0.7500) | 0.6250 – 1.0000 | 500 | – |"));
  CHECK(files[1].first == "headline.svg");
  CHECK(has(files[1].second, ">0.625<"));
  const auto text = [](int seed, double seconds) {
    return json{
        {"name", "quick"}, {"family", "C"}, {"seed", seed}, {"cost", {{"cpu_seconds", seconds}}}};
  };
  CHECK(has(serving::report_files(aggregate({text(1, 10), text(2, 20)}))[0].second,
            "| cpu_seconds | 15.0000 (10.0000 – 20.0000) |"));
}

}  // namespace
}  // namespace qstar

// Searches over whole attempts, on attempts and scores that are written down.
#include <catch2/catch.hpp>

#include "search/text/search.hpp"
#include "tests/support/step_graph.hpp"

namespace qstar {
using namespace search;
namespace {

using namespace testing;

const StepGraph kGraph{{{"p", {"a", "b"}}}, {{"1", true}, {"2", false}, {"3", false}}};

SearchResult run(const char* name, std::vector<std::string> attempts,
                 model::StepScorer* guide = nullptr, SearchOptions options = {}) {
  const GraphEnvironment environment(kGraph);
  options.samples = static_cast<std::int64_t>(attempts.size());
  ScriptedPolicy policy({{";p=", std::move(attempts)}});
  auto results = make_search(name)->attempt(environment, {policy, guide},
                                            std::vector<std::string>{"p"}, options);
  REQUIRE(results);
  return results->front();
}

TEST_CASE("scores are aggregated as by hand", "[search]") {
  CHECK(aggregate(Aggregation::kMinimum, 0.5, 0.75F) == 0.5);
  CHECK(aggregate(Aggregation::kMinimum, 0.5, 0.25F) == 0.25);
  CHECK(aggregate(Aggregation::kProduct, 0.5, 0.25F) == 0.125);
  CHECK(aggregate(Aggregation::kLast, 0.5, 0.25F) == 0.25);
  CHECK(aggregation_of(model::ScorerRole::kProcess) == Aggregation::kMinimum);
  CHECK(aggregation_of(model::ScorerRole::kCritic) == Aggregation::kLast);
  CHECK(aggregation_of(model::ScorerRole::kOutcome) == Aggregation::kLast);
}

TEST_CASE("the majority is the most frequent answer, the first among equals", "[search]") {
  CHECK(run("majority", {"2;", "a=1;", "3;", "b=1;"}).answers == std::vector<std::size_t>{1});
  CHECK(run("majority", {"3;", "a=1;", "b=3;", "1;"}).answers == std::vector<std::size_t>{0});
  // Unfinished attempts have no vote; finished work goes before them, then the longest.
  CHECK(run("majority", {"xxxx", "xxxxx", "2;"}).answers == std::vector<std::size_t>{2});
  CHECK(run("majority", {"xx", "xxxxx", "xxx"}).answers == std::vector<std::size_t>{1});
}

TEST_CASE("best of n takes the largest aggregated score", "[search]") {
  auto scorer = table_scorer({{"a", 0.9}, {"b", 0.2}, {"1", 0.5}, {"2", 0.45}});
  const std::vector<std::string> attempts = {"b=1;", "a=2;", "a=1;"};
  const auto best = [&](Aggregation aggregation) {
    return run("best_of_n", attempts, &scorer, {.aggregation = aggregation}).answers.front();
  };
  CHECK(best(Aggregation::kMinimum) == 2);  // .2, .45, .5
  CHECK(best(Aggregation::kProduct) == 2);  // .1, .405, .45
  CHECK(best(Aggregation::kLast) == 0);     // .5, .45, .5: the first among equals
  const auto result = run("best_of_n", attempts, &scorer);
  CHECK(result.answers.front() == 0);  // a critic's last word counts
  CHECK(result.guide_queries == 5);    // "a" is asked about once
  CHECK(*result.group.attempts[1].steps[0].q == 0.9F);
  CHECK(*result.group.attempts[2].steps[1].q == 0.5F);
}

TEST_CASE("a weighted vote sums the aggregated scores of each answer", "[search]") {
  auto scorer =
      table_scorer({{"a", 0.3}, {"b", 0.4}, {"1", 0.9}, {"2", 0.6}}, model::ScorerRole::kProcess);
  // Answer 2: .6; answer 1: .3 + .4 = .7, of which the second gave more.
  const auto result = run("weighted_vote", {"2;", "a=1;", "b=1;"}, &scorer);
  CHECK(result.answers == std::vector<std::size_t>{2});
  CHECK(result.answer().win());
  CHECK(*result.answer().steps[0].reward_score == 0.4F);
  CHECK_FALSE(result.answer().steps[0].q);
  // By the last scores: .6 against 1.8.
  CHECK(run("weighted_vote", {"2;", "a=1;", "b=1;"}, &scorer, {.aggregation = Aggregation::kLast})
            .answers == std::vector<std::size_t>{1});
}

TEST_CASE("a budget is shared out among attempts of the largest size", "[search]") {
  const std::vector<std::string> attempts(6, "a=1;");
  // 20 tokens: two attempts of 8, then 12 are left: one, then 8: one, then 4: the last.
  const auto result = run("sample", attempts, nullptr, {.max_tokens = 8, .budget = 20});
  CHECK(result.group.attempts.size() == 5);
  CHECK(result.tokens == 20);
}

}  // namespace
}  // namespace qstar

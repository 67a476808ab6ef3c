// A search that is stopped: what is complete is what it would have been, the rest is empty.
#include <catch2/catch.hpp>

#include "environment/registry.hpp"
#include "search/text/evaluate.hpp"
#include "tests/support/step_graph.hpp"

namespace qstar {
using namespace model;
using namespace search;
namespace {

using namespace testing;

// Problems of different length: "a" ends at once, "b" after one step more, and so on.
StepGraph chains() {
  StepGraph graph;
  graph.steps = {{"a", {"1", "2"}},
                 {"b", {"a", "so:a", "2"}},
                 {"c", {"b", "so:b", "a"}},
                 {"d", {"c", "so:c", "b"}}};
  graph.ends = {{"1", true}, {"2", false}};
  return graph;
}

const std::vector<std::string> kProblems = {"a", "b", "c", "d", "b", "a"};
const SearchOptions kOptions{.samples = 4, .max_tokens = 40, .seed = 5, .budget = 60, .beam = 2};

double any_score(const StepQuery& query) {
  return 0.01 + 0.98 * Rng(derive_seed(3, query.state + query.step)).uniform();
}

// A policy that gives up in the middle of a call, as one that asks `stop` between tokens does.
class StoppingPolicy final : public Policy {
 public:
  StoppingPolicy(Policy& inner, Stop stop) : inner_(inner), stop_(std::move(stop)) {}
  std::vector<Generation> generate(std::span<const GenerateRequest> requests) override {
    auto made = inner_.generate(requests);
    if (stop_())
      for (std::size_t i = 0; i < made.size(); i += 5) made[i] = {};
    return made;
  }
  std::uint64_t version() const override { return inner_.version(); }

 private:
  Policy& inner_;
  Stop stop_;
};

struct Run {
  std::vector<SearchResult> results;
  std::size_t asked = 0;  // how often `stop` was
};

// Stops when asked for the n-th time.
Run run(const Search& search, std::size_t n) {
  const auto graph = chains();
  const GraphEnvironment environment(graph);
  GraphPolicy policy(graph);
  FunctionScorer scorer(any_score, ScorerRole::kCritic);
  Run run;
  bool stopped = false;
  const auto stop = [&] { return stopped = stopped || ++run.asked >= n; };
  StoppingPolicy stopping(policy, stop);
  const SearchModels models{stopping, search.needs_guide() ? &scorer : nullptr, stop};
  auto results = search.attempt(environment, models, kProblems, kOptions);
  REQUIRE(results);
  run.results = std::move(*results);
  return run;
}

TEST_CASE("a stopped search keeps the results that are complete", "[search]") {
  for (const auto& name : search_names()) {
    const auto search = make_search(name).value();
    const auto whole = run(search, 1'000'000);
    INFO(name << ", stop asked " << whole.asked << " times");
    REQUIRE(whole.asked > 1);
    bool some = false;
    for (std::size_t n = 1; n <= whole.asked; ++n) {
      const auto cut = run(search, n).results;
      REQUIRE(cut.size() == kProblems.size());
      std::size_t complete = 0;
      for (std::size_t p = 0; p < cut.size(); ++p) {
        complete += cut[p].complete;
        if (cut[p].complete) REQUIRE(cut[p] == whole.results[p]);
        if (!cut[p].complete) REQUIRE(cut[p].group.attempts.empty());
        REQUIRE(cut[p].group.group == p);
      }
      if (n == 1) REQUIRE(complete == 0);
      some = some || (complete > 0 && complete < kProblems.size());
    }
    CHECK(std::all_of(whole.results.begin(), whole.results.end(),
                      [](const auto& result) { return result.complete; }));
    // These score all attempts at all problems at once, at the end.
    if (name != "best_of_n" && name != "weighted_vote") CHECK(some);
  }
}

TEST_CASE("figures of a stopped search are those of the problems that were finished", "[search]") {
  const auto graph = chains();
  const GraphEnvironment environment(graph);
  GraphPolicy policy(graph);
  FunctionScorer scorer(any_score, ScorerRole::kCritic);
  const auto search = make_search("beam").value();
  std::size_t asked = 0;
  const auto figures = evaluate(search, environment, {policy, &scorer, [&] { return ++asked > 6; }},
                                kProblems, kOptions)
                           .value();
  REQUIRE(figures.stopped);
  REQUIRE(figures.results.size() < kProblems.size());
  REQUIRE(figures.n == static_cast<std::int64_t>(figures.results.size()));
  const auto none =
      evaluate(search, environment, {policy, &scorer, [] { return true; }}, kProblems, kOptions)
          .value();
  CHECK(none.stopped);
  CHECK(none.n == 0);
  CHECK(none.accuracy == 0);
  const auto whole =
      evaluate(search, environment, {policy, &scorer, [] { return false; }}, kProblems, kOptions)
          .value();
  CHECK_FALSE(whole.stopped);
  CHECK(whole.results.size() == kProblems.size());
}

TEST_CASE("simulations that need no model are stopped as well", "[search]") {
  // One step and it ends: after it every simulation runs into finished work.
  const StepGraph graph{{{"a", {"1"}}}, {{"1", true}}};
  const GraphEnvironment environment(graph);
  GraphPolicy policy(graph);
  FunctionScorer scorer(any_score, ScorerRole::kCritic);
  std::size_t asked = 0;
  const std::vector<std::string> problems = {"a"};
  const auto results =
      make_search("mcts")
          ->attempt(environment, {policy, &scorer, [&] { return ++asked > 1000; }}, problems,
                    {.samples = 2, .max_tokens = 12, .simulations = 100'000'000})
          .value();
  CHECK_FALSE(results[0].complete);
}

TEST_CASE("looking for held-out problems can be stopped", "[search]") {
  const auto environment = environment::make_environment({}).value();
  int asked = 0;
  const auto few = held_out_problems(*environment, 1000, 0, [&] { return ++asked > 50; });
  CHECK(few.size() <= 50);
  CHECK_FALSE(few.empty());
}

}  // namespace
}  // namespace qstar

// What holds for every search of the registry.
#include <catch2/catch.hpp>

#include "search/text/evaluate.hpp"
#include "tests/support/step_graph.hpp"

namespace qstar {
using namespace model;
using namespace search;
namespace {

using namespace testing;

// Eight problems, four lines deep, three steps on from every line; some lines lead nowhere.
StepGraph random_graph(std::uint64_t seed) {
  Rng rng(seed);
  StepGraph graph;
  const auto line = [](std::size_t layer, std::uint64_t at) {
    return std::string(1, static_cast<char>('a' + layer)) + std::to_string(at);
  };
  for (std::size_t layer = 0; layer < 4; ++layer) {
    for (std::uint64_t at = 0; at < 8; ++at) {
      if (layer > 0 && rng.bernoulli(0.1)) continue;
      auto& steps = graph.steps[line(layer, at)];
      for (int s = 0; s < 3; ++s) {
        const auto to = layer == 3 || rng.bernoulli(0.15) ? "z" + std::to_string(rng.below(4))
                                                          : line(layer + 1, rng.below(8));
        steps.push_back(rng.bernoulli(0.2) ? "so:" + to : to);
      }
    }
  }
  for (int at = 0; at < 4; ++at) graph.ends["z" + std::to_string(at)] = at == 0;
  return graph;
}

const std::vector<std::string> kProblems = {"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"};
const SearchOptions kOptions{
    .samples = 3, .max_tokens = 12, .seed = 5, .budget = 40, .beam = 2, .stop_below = 0.3};

// A score of its own for every text, in (0, 1).
double any_score(const StepQuery& query) {
  return 0.01 + 0.98 * Rng(derive_seed(3, query.state + query.step)).uniform();
}

struct Trial {
  Trial(const StepGraph& graph, ScorerRole role)
      : environment(graph), policy(graph), scorer(any_score, role) {}
  std::vector<SearchResult> run(const Search& search, std::span<const std::string> problems,
                                const SearchOptions& options) {
    auto results = search.attempt(environment, {policy, search.needs_guide() ? &scorer : nullptr},
                                  problems, options);
    REQUIRE(results);
    return std::move(*results);
  }
  GraphEnvironment environment;
  GraphPolicy policy;
  FunctionScorer scorer;
};

void check_result(const SearchResult& result, const Search& search, Trial& trial) {
  REQUIRE_FALSE(result.group.attempts.empty());
  REQUIRE_FALSE(result.answers.empty());
  CHECK(result.answers.size() ==
        (search.name() == "sample" ? result.group.attempts.size() : std::size_t{1}));
  bool any_finished = false;
  for (const auto& attempt : result.group.attempts) {
    auto judged = attempt;
    environment::judge(trial.environment, attempt.outcome != Outcome::kUnfinished, judged);
    CHECK(judged == attempt);
    any_finished = any_finished || attempt.outcome != Outcome::kUnfinished;
    CHECK(tokens_of(attempt) <= static_cast<std::size_t>(kOptions.max_tokens));
    for (const auto& step : attempt.steps) {
      CHECK(step.policy_version == 7);
      const bool critic = trial.scorer.role() == ScorerRole::kCritic;
      const auto &own = critic ? step.q : step.reward_score,
                 &others = critic ? step.reward_score : step.q;
      CHECK_FALSE(others.has_value());
      if (!search.needs_guide()) CHECK_FALSE(own.has_value());
      if (search.needs_guide() && attempt.outcome != Outcome::kUnfinished) CHECK(own.has_value());
    }
  }
  if (any_finished && search.name() != "sample")
    CHECK(result.answer().outcome != Outcome::kUnfinished);
}

TEST_CASE("a problem's result depends on nothing but the problem, the options and the models",
          "[search]") {
  for (const auto& name : search_names()) {
    INFO(name);
    const auto search = make_search(name).value();
    Trial trial(random_graph(1), ScorerRole::kCritic);
    const auto results = trial.run(search, kProblems, kOptions);
    REQUIRE(results.size() == kProblems.size());
    CHECK(trial.run(search, kProblems, kOptions) == results);
    for (std::size_t p = 0; p < kProblems.size(); ++p) {
      SearchOptions alone = kOptions;
      alone.first_group = p;
      CHECK(results[p].group.group == p);
      CHECK(trial.run(search, std::vector{kProblems[p]}, alone).front() == results[p]);
    }
    SearchOptions other = kOptions;
    other.seed = 6;
    CHECK((name == "greedy" || trial.run(search, kProblems, other) != results));
    CHECK(trial.run(search, {}, kOptions).empty());
  }
}

TEST_CASE("what a search spent adds up and stays within the budget", "[search]") {
  for (const auto& name : search_names()) {
    INFO(name);
    const auto search = make_search(name).value();
    Trial trial(random_graph(2), ScorerRole::kProcess);
    SearchOptions options = kOptions;
    options.budget = 15;  // of the up to 36 that three whole attempts may have
    const auto results = trial.run(search, kProblems, options);
    std::uint64_t tokens = 0, queries = 0;
    const auto round = search.needs_guide() && name != "best_of_n" && name != "weighted_vote"
                           ? static_cast<std::uint64_t>(options.samples * options.beam) * 6
                           : static_cast<std::uint64_t>(options.max_tokens);
    for (const auto& result : results) {
      check_result(result, search, trial);
      tokens += result.tokens;
      queries += result.guide_queries;
      CHECK(result.tokens < static_cast<std::uint64_t>(options.budget) + round);
    }
    CHECK(tokens == trial.policy.tokens);
    CHECK(queries == trial.scorer.asked);
  }
}

TEST_CASE("a guided search is at least as good as sampling when the guide knows", "[search]") {
  const auto graph = random_graph(3);
  // Whether the win can still be reached.
  std::function<bool(const std::string&)> leads = [&](const std::string& line) {
    if (const auto end = graph.ends.find(line); end != graph.ends.end()) return end->second;
    const auto steps = graph.steps.find(line);
    return steps != graph.steps.end() &&
           std::any_of(steps->second.begin(), steps->second.end(),
                       [&](const auto& step) { return leads(StepGraph::line_of(step)); });
  };
  const SearchOptions options{.samples = 3, .seed = 5, .budget = 400};
  const auto wins = [&](const Search& search) {
    GraphEnvironment environment(graph);
    GraphPolicy policy(graph);
    FunctionScorer knowing([&](const StepQuery& query) {
      return leads(StepGraph::line_of(query.step.substr(0, query.step.size() - 1))) ? 0.9 : 0.1;
    });
    const auto figures =
        evaluate(search, environment, {policy, search.needs_guide() ? &knowing : nullptr},
                 kProblems, options);
    return figures->accuracy;
  };
  const double chance = wins(make_search("sample").value());
  CHECK(chance < 0.6);
  for (const auto& name : search_names()) {
    INFO(name);
    const auto search = make_search(name).value();
    if (!search.needs_guide()) continue;
    CHECK(wins(search) > chance);
    const bool by_step = name != "best_of_n" && name != "weighted_vote";
    if (by_step) CHECK(wins(search) > chance + 0.3);
  }
}

TEST_CASE("what a search cannot do is refused with the option", "[search]") {
  const auto graph = random_graph(1);
  GraphEnvironment environment(graph);
  GraphPolicy policy(graph);
  FunctionScorer scorer(any_score);
  const auto refusal = [&](const char* name, StepScorer* guide, const SearchOptions& options) {
    const auto results =
        make_search(name)->attempt(environment, {policy, guide}, kProblems, options);
    REQUIRE_FALSE(results);
    CHECK(results.error().code == Errc::kUsage);
    return results.error().message;
  };
  CHECK(refusal("beam", nullptr, kOptions).find("'beam' needs a guide") != std::string::npos);
  CHECK(refusal("majority", &scorer, kOptions).find("takes no guide") != std::string::npos);
  CHECK(refusal("majority", nullptr, {}).find("samples of at least 2") != std::string::npos);
  CHECK(refusal("qstar", &scorer, {.samples = 2}).find("budget") != std::string::npos);
  CHECK(refusal("sample", nullptr, {.samples = 0}).find("samples = 0") != std::string::npos);
  CHECK(refusal("sample", nullptr, {.temperature = 0}).find("temperature") != std::string::npos);
  CHECK(refusal("beam", &scorer, {.samples = 2, .stop_below = 2}).find("stop_below") !=
        std::string::npos);
  CHECK(policy.asked.empty());
  FunctionScorer preference(any_score, ScorerRole::kPreference);
  const SearchOptions two{.samples = 2, .budget = 40};
  SearchOptions stopping = two, worst = two;
  stopping.stop_below = 0.5;
  worst.aggregation = Aggregation::kMinimum;
  for (const char* name : {"weighted_vote", "astar", "qstar", "mcts"})
    CHECK(refusal(name, &preference, two).find("only the order") != std::string::npos);
  CHECK(refusal("beam", &preference, stopping).find("only the order") != std::string::npos);
  CHECK(refusal("best_of_n", &preference, worst).find("only the order") != std::string::npos);
  for (const char* name : {"best_of_n", "beam"})
    CHECK(make_search(name)->attempt(environment, {policy, &preference}, kProblems, two));
}

}  // namespace
}  // namespace qstar

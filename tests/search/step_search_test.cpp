// Searches over steps on graphs whose optimum is known.
#include <catch2/catch.hpp>

#include <cmath>

#include "search/text/search.hpp"
#include "tests/support/step_graph.hpp"

namespace qstar {
using namespace model;
namespace {

using namespace testing;

using Texts = std::vector<std::string>;

search::SearchResult run(const char* name, const environment::Environment& environment,
                         Policy& policy, StepScorer& guide, const search::SearchOptions& options) {
  auto results = search::make_search(name)->attempt(environment, {policy, &guide},
                                                    std::vector<std::string>{"p"}, options);
  REQUIRE(results);
  return results->front();
}

Texts steps_of(const Trajectory& attempt) {
  Texts texts;
  for (const auto& step : attempt.steps) texts.push_back(step.text);
  return texts;
}

// How often steps were proposed at a prompt: once a round.
std::size_t rounds_at(const Texts& asked, const std::string& prompt, std::int64_t samples) {
  return static_cast<std::size_t>(std::count(asked.begin(), asked.end(), prompt)) /
         static_cast<std::size_t>(samples);
}
std::size_t rounds_at(const GraphPolicy& policy, const std::string& prompt, std::int64_t samples) {
  Texts asked;
  for (const auto& request : policy.asked) asked.push_back(request.prompt);
  return rounds_at(asked, prompt, samples);
}

// ---- beam ------------------------------------------------------------------------------------

const StepGraph kLines{{}, {{"1", true}, {"2", false}}};

TEST_CASE("a beam keeps the best states by aggregated score", "[search][beam]") {
  const GraphEnvironment environment(kLines);
  const auto made = [] {
    return ScriptedPolicy({{";p=", {"a=", "b=", "c="}}, {";p=a=", {"2;"}}, {";p=b=", {"1;"}}});
  };
  auto scorer = table_scorer({{"a", 0.9}, {"b", 0.8}, {"c", 0.7}, {"1", 0.6}, {"2", 0.5}},
                             ScorerRole::kProcess);
  auto policy = made();
  auto one = run("beam", environment, policy, scorer, {.samples = 3, .beam = 1});
  CHECK(steps_of(one.answer()) == Texts{"a", "2"});
  CHECK(one.group.attempts.size() == 3);  // a=2; b= c=
  CHECK(one.tokens == 3 * 2 + 3 * 2);     // the two that were the same step count, too
  CHECK(one.guide_queries == 4);
  policy = made();
  auto two = run("beam", environment, policy, scorer, {.samples = 3, .beam = 2});
  CHECK(steps_of(two.answer()) == Texts{"b", "1"});
}

TEST_CASE("a beam that has no retries left continues with the best that it has", "[search][beam]") {
  const GraphEnvironment environment(kLines);
  ScriptedPolicy policy({{";p=", {"a=", "a=", "b=", "b="}},
                         {";p=a=", {"x=", "x=", "x=", "x=", "x=", "x="}},
                         {";p=a=x=", {"1;", "1;"}}});
  auto scorer =
      table_scorer({{"a", 0.9}, {"b", 0.1}, {"x", 0.3}, {"1", 0.6}}, ScorerRole::kProcess);
  // Bad at a, once more there, back to the problem, where b is worse than a ever was.
  const auto result =
      run("beam", environment, policy, scorer, {.samples = 2, .stop_below = 0.5, .retries = 2});
  CHECK(steps_of(result.answer()) == Texts{"a", "x", "1"});
}

TEST_CASE("a guide's score that is no number is the worst one", "[search][beam]") {
  const GraphEnvironment environment(kLines);
  ScriptedPolicy policy({{";p=", {"a=", "b="}}, {";p=a=", {"1;", "1;"}}, {";p=b=", {"1;", "1;"}}});
  auto scorer = table_scorer({{"a", std::nan("")}, {"b", 0.2}, {"1", 7}}, ScorerRole::kProcess);
  const auto result = run("beam", environment, policy, scorer, {.samples = 2});
  CHECK(steps_of(result.answer()) == Texts{"b", "1"});
  CHECK(result.answer().steps[1].reward_score == 1.0F);
}

TEST_CASE("a beam stops at bad steps: other steps first, then a step back, then it goes on",
          "[search][beam]") {
  const GraphEnvironment environment(kLines);
  const auto policy = [] {
    return ScriptedPolicy({{";p=", {"a=", "b=", "c=", "a="}},
                           {";p=a=", {"x=", "2;", "x=", "y="}},
                           {";p=a=x=", {"1;"}},
                           {";p=a=y=", {"1;"}},
                           {";p=b=", {"1;", "2;"}}});
  };
  auto scorer = table_scorer(
      {{"a", 0.9}, {"b", 0.8}, {"c", 0.7}, {"x", 0.3}, {"y", 0.4}, {"1", 0.95}, {"2", 0.2}},
      ScorerRole::kProcess);
  search::SearchOptions options{.samples = 2, .stop_below = 0.5, .retries = 3};
  auto whole = policy();
  const auto result = run("beam", environment, whole, scorer, options);
  CHECK(steps_of(result.answer()) == Texts{"b", "1"});
  // The problem, then a; below .5, so a again; still below, so the problem again without a; then b.
  CHECK(whole.asked ==
        Texts{";p=", ";p=", ";p=a=", ";p=a=", ";p=a=", ";p=a=", ";p=", ";p=", ";p=b=", ";p=b="});

  options.retries = 1;
  auto once = policy();
  CHECK(steps_of(run("beam", environment, once, scorer, options).answer()) == Texts{"a", "y", "1"});
  options.stop_below = 0;
  auto never = policy();
  CHECK(steps_of(run("beam", environment, never, scorer, options).answer()) ==
        Texts{"a", "x", "1"});
}

TEST_CASE("a beam that finds nothing new takes what it had dropped", "[search][beam]") {
  const GraphEnvironment environment(kLines);
  ScriptedPolicy policy({{";p=", {"a="}}, {";p=a=", {"2;"}}});
  auto scorer = table_scorer({{"a", 0.9}, {"2", 0.2}});
  const auto result =
      run("beam", environment, policy, scorer, {.samples = 2, .stop_below = 0.5, .retries = 5});
  CHECK(steps_of(result.answer()) == Texts{"a", "2"});
}

// ---- A* and Q* -------------------------------------------------------------------------------

// Layers of lines with steps across them, and what is cheapest from every line: step costs of 1,
// then −log of the score of the last step.
struct Weighted {
  StepGraph graph;
  std::map<std::string, double> last;  // −log score of the steps that end the work
  std::map<std::string, double> to_go;

  explicit Weighted(std::uint64_t seed) {
    Rng rng(seed);
    const auto name = [](std::size_t layer, std::uint64_t at) {
      return layer == 0 ? "p" : std::string(1, static_cast<char>('a' + layer)) + std::to_string(at);
    };
    for (std::uint64_t at = 0; at < 5; ++at) {
      const auto end = "z" + std::to_string(at);
      graph.ends[end] = true;
      last[end] = to_go[end] = static_cast<double>(rng.below(8));
    }
    for (std::size_t layer = 5; layer-- > 0;) {
      for (std::uint64_t at = 0; at < (layer == 0 ? 1 : 4); ++at) {
        double best = 1e9;
        for (int s = 0; s < 3; ++s) {
          const std::size_t to = layer + 1 + rng.below(2);
          const auto step = to >= 5 ? "z" + std::to_string(rng.below(5)) : name(to, rng.below(4));
          graph.steps[name(layer, at)].push_back(step);
          best = std::min(best, 1 + to_go.at(step));
        }
        to_go[name(layer, at)] = best;
      }
    }
  }
};

TEST_CASE("A* and Q* find the cheapest finished work under admissible estimates",
          "[search][astar]") {
  std::size_t reopened = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Weighted weighted(seed);
    Rng rng(seed + 1000);
    // Below the truth by a share of its own for every line, so not consistent.
    std::map<std::string, double> share;
    for (const auto& [line, steps] : weighted.graph.steps)
      share[line] = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 0 : rng.uniform();
    FunctionScorer scorer([&](const StepQuery& query) {
      const auto line = query.step.substr(0, query.step.size() - 1);
      const bool ends = query.step.back() == ';';
      return std::exp(-(ends ? weighted.last.at(line) : share[line] * weighted.to_go.at(line)));
    });
    for (const char* name : {"astar", "qstar"}) {
      const GraphEnvironment environment(weighted.graph);
      GraphPolicy policy(weighted.graph, true);
      const auto result = run(name, environment, policy, scorer,
                              {.samples = 3, .budget = 100'000, .weight = 1, .step_cost = 1});
      const auto& answer = result.answer();
      REQUIRE(answer.outcome == Outcome::kWon);
      const double cost =
          static_cast<double>(answer.steps.size()) + weighted.last.at(answer.steps.back().text);
      CHECK(cost == Approx(weighted.to_go.at("p")));
      std::map<std::string, std::size_t> rounds;  // by line
      for (const auto& request : policy.asked)
        ++rounds[request.prompt.substr(
            request.prompt.find_last_of("=;", request.prompt.size() - 2))];
      for (const auto& [line, n] : rounds) reopened += n > 3 ? 1 : 0;
    }
  }
  CHECK(reopened > 0);
}

// The line "m" is reached in three steps before the way in two has been looked at.
const StepGraph kDetour{
    {{"p", {"a", "c"}}, {"a", {"b"}}, {"b", {"so:m"}}, {"c", {"m"}}, {"m", {"n"}}, {"n", {"1"}}},
    {{"1", true}}};

TEST_CASE("a state is expanded again by a cheaper path, and its text is kept", "[search][astar]") {
  // To go at least: c 2.5, n 5, the others nothing.
  auto scorer = table_scorer({{"a", 1},
                              {"b", 1},
                              {"so:m", 1},
                              {"c", std::exp(-2.5)},
                              {"m", 1},
                              {"n", std::exp(-5.0)},
                              {"1", 1}});
  const GraphEnvironment environment(kDetour);
  for (const char* name : {"astar", "qstar"}) {
    GraphPolicy policy(kDetour, true);
    const auto result =
        run(name, environment, policy, scorer, {.samples = 2, .budget = 1000, .step_cost = 1});
    CHECK(steps_of(result.answer()) == Texts{"c", "m", "n", "1"});
    CHECK(rounds_at(policy, ";p=a=b=so:m=", 2) == 1);
    CHECK(rounds_at(policy, ";p=c=m=", 2) == 1);

    // Without a step's cost no path is cheaper than another: the first one to the line is kept.
    GraphPolicy again(kDetour, true);
    const auto free =
        run(name, environment, again, scorer, {.samples = 2, .budget = 1000, .step_cost = 0});
    CHECK(steps_of(free.answer()) == Texts{"a", "b", "so:m", "n", "1"});
    CHECK(rounds_at(again, ";p=c=m=", 2) == 0);
  }
}

TEST_CASE("a state is gone back to for other steps when all else has become dearer",
          "[search][astar]") {
  const GraphEnvironment environment(kLines);
  // What is proposed first at a is bad, what comes then is good.
  const auto made = [] { return ScriptedPolicy({{";p=", {"a="}}, {";p=a=", {"2;", "2;", "1;"}}}); };
  auto scorer = table_scorer({{"a", 0.9}, {"2", 0.1}, {"1", 0.8}});
  for (const char* name : {"astar", "qstar"}) {
    auto once = made();
    search::SearchOptions options{.samples = 2, .budget = 100, .step_cost = 0};
    CHECK(steps_of(run(name, environment, once, scorer, options).answer()) == Texts{"a", "2"});
    // The end 2 costs 2.3, the problem again 1, a again 1.1; then the end 1 costs .2.
    options.repeat_cost = 1;
    auto again = made();
    CHECK(steps_of(run(name, environment, again, scorer, options).answer()) == Texts{"a", "1"});
    CHECK(rounds_at(again.asked, ";p=", 2) == 2);
    CHECK(rounds_at(again.asked, ";p=a=", 2) == 2);
    // Dearer than the bad end: never.
    options.repeat_cost = 3;
    auto dear = made();
    CHECK(steps_of(run(name, environment, dear, scorer, options).answer()) == Texts{"a", "2"});
  }
}

TEST_CASE("a state at which nothing is generated is not gone back to", "[search][astar]") {
  const GraphEnvironment environment(kLines);
  ScriptedPolicy policy(std::map<std::string, Texts>{{";p=", {""}}});
  FunctionScorer same([](const StepQuery&) { return 0.5; });
  const auto result =
      run("astar", environment, policy, same, {.samples = 2, .budget = 10, .repeat_cost = 1});
  CHECK(result.answer().steps.empty());
  CHECK(policy.asked.size() == 2);
}

TEST_CASE("Q* makes states only behind the steps that it takes", "[search][qstar]") {
  const StepGraph graph{{{"p", {"a", "b", "c"}}, {"a", {"1"}}}, {{"1", true}}};
  auto scorer = table_scorer({{"a", 0.9}, {"b", 0.2}, {"c", 0.1}, {"1", 0.9}});
  const auto transitions = [&](const char* name) {
    const GraphEnvironment environment(graph);
    GraphPolicy policy(graph, true);
    const auto result = run(name, environment, policy, scorer, {.samples = 3, .budget = 100});
    CHECK(steps_of(result.answer()) == Texts{"a", "1"});
    std::size_t judged = 0;
    for (const auto& attempt : result.group.attempts) judged += attempt.steps.size();
    return environment.transitions - judged;
  };
  CHECK(transitions("astar") == 3);
  CHECK(transitions("qstar") == 1);
}

TEST_CASE("among equals the deepest comes first, then the first made", "[search][astar]") {
  const StepGraph graph{{{"p", {"a", "b"}}, {"a", {"c", "d"}}, {"c", {"1"}}}, {{"1", true}}};
  const GraphEnvironment environment(graph);
  FunctionScorer same([](const StepQuery&) { return 0.5; });
  for (const char* name : {"astar", "qstar"}) {
    GraphPolicy policy(graph, true);
    const auto result =
        run(name, environment, policy, same, {.samples = 2, .budget = 100, .step_cost = 0});
    CHECK(steps_of(result.answer()) == Texts{"a", "c", "1"});
    CHECK(policy.asked.size() == 6);
  }
}

TEST_CASE("the utility priority adds the path's value and λ·Q", "[search][qstar]") {
  const StepGraph graph{{{"p", {"a", "b"}}, {"a", {"2"}}, {"b", {"1"}}},
                        {{"1", true}, {"2", false}}};
  const GraphEnvironment environment(graph);
  // Behind the problem a: 1 + λ·.6, b: 1 + λ·.5. a is taken; then its end has .6 + λ·.7.
  auto scorer =
      table_scorer({{"a", 0.6}, {"b", 0.5}, {"1", 0.9}, {"2", 0.7}}, ScorerRole::kProcess);
  const auto answer = [&](double weight) {
    GraphPolicy policy(graph, true);
    return steps_of(run("qstar", environment, policy, scorer,
                        {.samples = 2,
                         .budget = 100,
                         .weight = weight,
                         .priority = search::EdgePriority::kUtility})
                        .answer());
  };
  CHECK(answer(3) == Texts{"a", "2"});  // .6 + 2.1 > 1 + 1.5
  CHECK(answer(1) == Texts{"b", "1"});  // .6 + .7 < 1 + .5; then .5 + .9 > 1.3
}

// ---- MCTS ------------------------------------------------------------------------------------

TEST_CASE("PUCT visits as worked out by hand", "[search][mcts]") {
  const StepGraph graph{{{"p", {"a", "b"}}, {"a", {"2"}}, {"b", {"1"}}},
                        {{"1", true}, {"2", false}}};
  const GraphEnvironment environment(graph);
  auto scorer = table_scorer({{"a", 0.6}, {"b", 0.5}, {"1", 1.0}, {"2", 0.1}});
  const auto answer = [&](std::int64_t simulations, double exploration) {
    GraphPolicy policy(graph, true);
    return steps_of(run("mcts", environment, policy, scorer,
                        {.samples = 2, .exploration = exploration, .simulations = simulations})
                        .answer());
  };
  // Without exploration: the problem; a (.6); its end 2 (.1, so Q(a) = .35); b (.5); its end 1
  // (1, so Q(b) = .75) from then on.
  CHECK(answer(4, 0) == Texts{"a", "2"});  // 2 visits against 1
  CHECK(answer(5, 0) == Texts{"b", "1"});  // 2 against 2, of larger Q
  // With c = 1 (each P is 1/2): a, .6 + .5·√1 against .5 + .5·√1; b, .6 + .5·√2/2 = .95 against
  // .5 + .5·√2 = 1.21; a, .6 + .5·√3/2 = 1.03 against .93; b, .35 + .5·√4/3 = .68 against 1.
  CHECK(answer(3, 1) == Texts{"a", "2"});
  CHECK(answer(4, 1) == Texts{"a", "2"});
  CHECK(answer(5, 1) == Texts{"b", "1"});
}

// ---- all of them -----------------------------------------------------------------------------

TEST_CASE("where nothing ends, the longest work is the answer", "[search]") {
  const StepGraph graph{{{"p", {"a", "b"}}, {"a", {"aa"}}}, {}};
  const GraphEnvironment environment(graph);
  FunctionScorer same([](const StepQuery&) { return 0.5; });
  for (const char* name : {"beam", "astar", "qstar", "mcts"}) {
    GraphPolicy policy(graph, true);
    const auto result =
        run(name, environment, policy, same, {.samples = 2, .max_tokens = 8, .budget = 1000});
    CHECK(result.answer().outcome == Outcome::kUnfinished);
    CHECK(tokens_of(result.answer()) == 8);
  }
}

TEST_CASE("when the budget ends first, the best finished work so far is the answer", "[search]") {
  // Work ends early with little value, or goes on for ever with more.
  StepGraph graph{{{"p", {"a0", "1", "2"}}}, {{"1", true}, {"2", false}}};
  for (int i = 0; i < 90; ++i) graph.steps["a" + std::to_string(i)] = {"a" + std::to_string(i + 1)};
  const GraphEnvironment environment(graph);
  FunctionScorer scorer([](const StepQuery& query) {
    return query.step == "1;" ? 0.2 : query.step == "2;" ? 0.1 : 0.9;
  });
  for (const char* name : {"beam", "astar", "qstar", "mcts"}) {
    INFO(name);
    GraphPolicy policy(graph, true);
    const auto result = run(name, environment, policy, scorer,
                            {.samples = 3, .budget = 30, .step_cost = 0, .exploration = 0});
    CHECK(steps_of(result.answer()) == Texts{"1"});
    CHECK(result.tokens < 30 + 3 * 4);
    CHECK(result.tokens == policy.tokens);
  }
}

}  // namespace
}  // namespace qstar

// Text problems whose every line and step is written down: an environment, a policy that proposes
// its steps and a scorer that reads a table. Small enough to work searches out by hand.
#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "data/attempt.hpp"
#include "environment/environment.hpp"
#include "model/models.hpp"

namespace qstar::testing {
using namespace environment;
using namespace model;

// Lines and the steps that lead on from them. A step's text is the line that it leads to, after an
// optional "word:", so that different texts can lead to one line.
struct StepGraph {
  std::map<std::string, std::vector<std::string>> steps;  // by line
  std::map<std::string, bool> ends;                       // lines that close the work: right or not

  static std::string line_of(const std::string& step) { return step.substr(step.find(':') + 1); }
};

class GraphEnvironment final : public Environment {
 public:
  explicit GraphEnvironment(StepGraph graph) : graph_(std::move(graph)) {}
  std::string_view name() const override { return "graph"; }
  std::string_view alphabet() const override { return {}; }
  std::string sample_problem(Rng&, Split) const override { return graph_.steps.begin()->first; }
  Result<State> reset(std::string_view problem) const override {
    return State{std::string(problem), std::string(problem), true};
  }
  StepResult step(const State& state, std::string_view step) const override {
    ++transitions;
    const auto line = StepGraph::line_of(std::string(step));
    const auto end = graph_.ends.find(line);
    const bool done = end != graph_.ends.end();
    return {{state.problem, line, true}, Verdict::kRight, done, done && end->second};
  }
  std::string answer(const State& state) const override { return state.line; }
  std::vector<std::string> legal_steps(const State&) const override { return {}; }
  Result<std::vector<std::string>> solve(const State&) const override {
    return fail(Errc::kBadProblem, "graphs of tests have no solver");
  }

  mutable std::size_t transitions = 0;

 private:
  StepGraph graph_;
};

// Proposes a line's steps: each as likely as the others by the request's seed, or, when asked to
// enumerate, one after the other. Where there is none it goes on until the tokens run out.
class GraphPolicy final : public Policy {
 public:
  explicit GraphPolicy(StepGraph graph, bool enumerate = false)
      : graph_(std::move(graph)), enumerate_(enumerate) {}

  std::vector<Generation> generate(std::span<const GenerateRequest> requests) override {
    std::vector<Generation> made;
    for (const auto& request : requests) {
      asked.push_back(request);
      made.push_back(work(request));
      tokens += made.back().tokens.size();
    }
    return made;
  }
  std::uint64_t version() const override { return 7; }

  std::vector<GenerateRequest> asked;
  std::size_t tokens = 0;  // generated

 private:
  Generation work(const GenerateRequest& request) {
    Rng rng(request.seed);
    Generation made;
    std::string text = request.prompt;
    do {
      const auto begin = text.find_last_of("=;", text.size() - 2) + 1;
      const auto line = StepGraph::line_of(text.substr(begin, text.size() - 1 - begin));
      const auto found = graph_.steps.find(line);
      if (found == graph_.steps.end()) {
        text.append(static_cast<std::size_t>(request.max_tokens), 'x');
        break;
      }
      const auto n = found->second.size();
      const auto& step = found->second[enumerate_ ? turns_[text]++ % n : rng.below(n)];
      text += step + (graph_.ends.contains(StepGraph::line_of(step)) ? ";" : "=");
      made.logprobs.resize(text.size() - request.prompt.size(), 0);
      made.logprobs.back() = -std::log(static_cast<float>(n));
    } while (text.back() != ';' && !request.stop_at_step);
    made.text = text.substr(request.prompt.size(), static_cast<std::size_t>(request.max_tokens));
    made.tokens.assign(made.text.size(), 2);
    made.logprobs.resize(made.text.size(), 0);
    made.finished = made.text.back() == ';' || (request.stop_at_step && made.text.back() == '=');
    return made;
  }

  StepGraph graph_;
  bool enumerate_;
  std::map<std::string, std::size_t> turns_;  // by prompt
};

// Generates what is written down for a prompt, one text after the other, the last one for ever.
class ScriptedPolicy final : public Policy {
 public:
  explicit ScriptedPolicy(std::map<std::string, std::vector<std::string>> script)
      : script_(std::move(script)) {}
  std::vector<Generation> generate(std::span<const GenerateRequest> requests) override {
    std::vector<Generation> made;
    for (const auto& request : requests) {
      asked.push_back(request.prompt);
      const auto& texts = script_.at(request.prompt);
      const auto turn = std::min(turns_[request.prompt]++, texts.size() - 1);
      const auto& text = texts[turn];
      const bool closed = !text.empty() && (text.back() == ';' || text.back() == '=');
      made.push_back({text, std::vector<std::int32_t>(text.size(), 2),
                      std::vector<float>(text.size(), -1), closed});
    }
    return made;
  }
  std::uint64_t version() const override { return 1; }
  std::vector<std::string> asked;

 private:
  std::map<std::string, std::vector<std::string>> script_;
  std::map<std::string, std::size_t> turns_;
};

class FunctionScorer final : public StepScorer {
 public:
  using Function = std::function<double(const StepQuery&)>;
  explicit FunctionScorer(Function score, ScorerRole role = ScorerRole::kCritic)
      : score_(std::move(score)), role_(role) {}
  ScorerRole role() const override { return role_; }
  std::vector<float> scores(std::span<const StepQuery> queries) override {
    std::vector<float> scores;
    for (const auto& query : queries) scores.push_back(static_cast<float>(score_(query)));
    asked += queries.size();
    return scores;
  }
  std::size_t asked = 0;

 private:
  Function score_;
  ScorerRole role_;
};

// Scores by the step's text, separator left out.
inline FunctionScorer table_scorer(std::map<std::string, double> table,
                                   ScorerRole role = ScorerRole::kCritic) {
  return FunctionScorer(
      [table = std::move(table)](const StepQuery& query) {
        return table.at(query.step.substr(0, query.step.size() - 1));
      },
      role);
}

}  // namespace qstar::testing

// The search of one problem as a pure state machine: it asks for generations or scores, receives
// them, and ends when it asks for nothing more.
//
// Search::attempt() drives many of them in lockstep and passes their requests to the models
// together. To add a search: a class that implements ProblemSearch, and a row in registry.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "search/text/search.hpp"

namespace qstar::search {

// One problem and how it is to be searched.
struct ProblemTask {
  const environment::Environment& environment;
  std::string problem;
  SearchOptions options;  // first_group is this problem's group
  std::uint64_t policy_version = 0;
  model::ScorerRole guide = model::ScorerRole::kCritic;  // of the guide, where there is one
  Stop stop = {};                                        // SearchModels::stop

  // The value of work of value `so_far` after one more step with this score.
  double aggregated(double so_far, float score) const {
    return aggregate(options.aggregation.value_or(aggregation_of(guide)), so_far, score);
  }
};

// Where the guide's scores of its role are kept.
std::optional<float>& score_of(Step& step, model::ScorerRole role);

class ProblemSearch {
 public:
  struct Wants {
    std::vector<model::GenerateRequest> generations;
    std::vector<model::StepQuery> scores;
    bool stopped = false;  // nothing, because the task's `stop` gave true: it has not ended
    bool empty() const { return generations.empty() && scores.empty(); }
  };
  struct Found {
    std::vector<Trajectory> attempts;  // judged
    std::vector<std::size_t> answers;
  };

  virtual ~ProblemSearch() = default;
  // What it needs to continue, either generations or scores; nothing: it has ended.
  virtual Wants next() = 0;
  // Answers to next(), in its order.
  virtual void generated(std::vector<model::Generation> made) = 0;
  virtual void scored(std::span<const float> scores) = 0;
  // Once it has ended.
  virtual Found found() = 0;
};

struct SearchMethod {
  std::string_view name;
  std::string_view summary;
  bool guided = false;
  std::int64_t least_samples = 1;
  bool endless = false;      // only a budget makes sure that it ends
  bool by_order = false;     // only compares values (unless it stops at bad steps)
  std::uint16_t fields = 0;  // SearchFields that it reads
  std::unique_ptr<ProblemSearch> (*make)(const ProblemTask& task) = nullptr;
};

std::unique_ptr<ProblemSearch> make_greedy(const ProblemTask& task);
std::unique_ptr<ProblemSearch> make_sample(const ProblemTask& task);
std::unique_ptr<ProblemSearch> make_majority(const ProblemTask& task);
std::unique_ptr<ProblemSearch> make_best_of_n(const ProblemTask& task);
std::unique_ptr<ProblemSearch> make_weighted_vote(const ProblemTask& task);
std::unique_ptr<ProblemSearch> make_step_beam(const ProblemTask& task);
std::unique_ptr<ProblemSearch> make_step_astar(const ProblemTask& task);
std::unique_ptr<ProblemSearch> make_step_qstar(const ProblemTask& task);
std::unique_ptr<ProblemSearch> make_step_mcts(const ProblemTask& task);

}  // namespace qstar::search

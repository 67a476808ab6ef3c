// A* and Q* over steps.
//
// What is queued is a step in a state, valued by the guide: −log value is the cost to go, λ·g is
// added, g being `step_cost` a step. The smallest comes first; of equal ones the deepest, then the
// first made. The first finished work that comes out is the answer: with finished work's own
// −log value as its last cost, it is a cheapest one among what was proposed whenever no estimate
// exceeds the true cost, the guide looks at no more than lines, and a path is worth its last score
// (Aggregation::kLast; of others, merging two paths to a line compares the cost so far alone).
//
// Two states with the same line (State::line) are one: what can still be done from them is the
// same. The text with the cheaper path is kept; a state that was expanded is expanded again when a
// cheaper path to it is found. A step that leaves the line as it was makes no new state. Finished
// works are never merged: nothing continues from them, and the guide scores them differently.
//
// A* (Hart, Nilsson, Raphael 1968) makes the state behind every step at once; Q* (Agostinelli,
// Shmakov, McAleer, Fox, Baldi 2021, arXiv 2102.04518) only behind a step that comes out of the
// queue. Departs from the paper in that the actions are not all listed but proposed by a policy.
//
// Where proposals are samples, a state has more steps than those of one round. With a repeat_cost a
// state that was expanded is queued again at a cost that grows by it each time, and has other steps
// proposed when its turn comes: the search returns to a good state instead of following bad steps.
//
// With EdgePriority::kUtility Q* takes the largest value(path to the state) + λ·Q(state, step)
// (Wang et al. 2024, arXiv 2406.14283: f = g + λ·max Q, g an aggregated utility; a state's best
// step carries its max Q); a path is then cheaper when its value is larger.
#include <algorithm>
#include <cmath>
#include <queue>
#include <unordered_map>

#include "search/text/tree_search.hpp"

namespace qstar::search {
namespace {

constexpr double kLeastValue = 1e-6;  // −log of less counts as of this

class StepBestFirst final : public TreeSearch {
 public:
  // `late`: states are made when their step comes out of the queue.
  StepBestFirst(const ProblemTask& task, bool late) : TreeSearch(task), late_(late) {
    const auto start = task_.environment.reset(task_.problem);
    states_.push_back(start ? *start : environment::State{task_.problem, task_.problem});
    expansions_.push_back(0);
    cheapest_[states_[0]->line] = 0;
    queue_.push({0, 0, 0});
  }

 private:
  struct Entry {
    double priority;
    std::int32_t depth;
    WorkId id;
    bool operator<(const Entry& other) const {  // comes out later
      if (priority != other.priority) return priority > other.priority;
      return depth != other.depth ? depth < other.depth : id > other.id;
    }
  };

  std::vector<WorkId> choose() override {
    while (!queue_.empty()) {
      const WorkId id = queue_.top().id;
      queue_.pop();
      if (tree_[id].finished) {
        goal_ = id;
        return {};
      }
      if (late_ && expansions_[id] == 0 && id != 0 ? admit(id) : is_cheapest(id)) {
        expanded_ = id;
        return {id};
      }
    }
    return {};
  }

  void grown(std::span<const WorkId> fresh) override {
    states_.resize(tree_.size());
    expansions_.resize(tree_.size());
    const auto times = static_cast<double>(++expansions_[expanded_]);
    if (task_.options.repeat_cost > 0 && round_tokens_ > 0)
      queue_.push({priority(expanded_) + times * task_.options.repeat_cost, tree_[expanded_].depth,
                   expanded_});
    for (const WorkId id : fresh) {
      if (late_ || tree_[id].finished || admit(id))
        queue_.push({priority(id), tree_[id].depth, id});
    }
  }

  std::optional<WorkId> answer() const override { return goal_; }
  double merit(WorkId id) const override { return -priority(id); }

  // Makes the state of a node; whether it is a new one, or by a cheaper path.
  bool admit(WorkId id) {
    const auto& node = tree_[id];
    states_[id] = task_.environment.step(*states_[node.parent], node.step.text).next;
    // Such a step may not take the place of the state that it was made in.
    if (states_[id]->line == states_[node.parent]->line) return false;
    const auto [at, fresh] = cheapest_.try_emplace(states_[id]->line, id);
    if (!fresh && cost(id) >= cost(at->second)) return false;
    at->second = id;
    return true;
  }
  bool is_cheapest(WorkId id) const { return cheapest_.at(states_[id]->line) == id; }

  bool utility() const { return task_.options.priority == EdgePriority::kUtility; }
  // Of the path.
  double cost(WorkId id) const {
    return utility() ? -tree_[id].value : task_.options.step_cost * tree_[id].depth;
  }
  double priority(WorkId id) const {
    const auto& node = tree_[id];
    if (utility())
      return -tree_[node.parent].value -
             task_.options.weight * static_cast<double>(node.score.value_or(0));
    return task_.options.weight * cost(id) - std::log(std::max(node.value, kLeastValue));
  }

  const bool late_;
  std::priority_queue<Entry> queue_;
  std::vector<std::optional<environment::State>> states_;  // of the nodes, where they were made
  std::vector<std::int64_t> expansions_;                   // of the nodes
  WorkId expanded_ = 0;                                    // in this round
  std::unordered_map<std::string, WorkId> cheapest_;       // by line
  std::optional<WorkId> goal_;
};

}  // namespace

std::unique_ptr<ProblemSearch> make_step_astar(const ProblemTask& task) {
  return std::make_unique<StepBestFirst>(task, false);
}
std::unique_ptr<ProblemSearch> make_step_qstar(const ProblemTask& task) {
  return std::make_unique<StepBestFirst>(task, true);
}

}  // namespace qstar::search

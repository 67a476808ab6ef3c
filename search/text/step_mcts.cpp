// Monte-Carlo tree search over steps with the PUCT rule (Silver et al. 2017).
//
// A simulation walks from the problem down, at every state to the step with the largest
//   Q + c·P·sqrt(N_state) / (1 + N_step),
// the first such one, until it reaches work that is finished or has not been expanded. There steps
// are proposed and scored, and the work's own value is added to all states on the way; 0 if no step
// proposed there can be continued. N counts simulations; Q is the mean of the added values, or the
// guide's value for a step that no simulation has taken. P is the policy's: the probabilities of
// the distinct proposals, normalised to sum to 1.
//
// The answer: from the problem down, always the most visited step that leads to finished work,
// among equals the one of larger Q.
//
// Departs from AlphaZero in that a leaf has the guide's value of the step that led to it, and in
// that no noise is added, because proposals are samples already.
#include <algorithm>
#include <cmath>

#include "search/text/tree_search.hpp"

namespace qstar::search {
namespace {

constexpr std::int64_t kLook = 256;  // simulations between two looks at `stop`

class StepMcts final : public TreeSearch {
 public:
  explicit StepMcts(const ProblemTask& task) : TreeSearch(task) { seen_.resize(1); }

 private:
  struct Seen {
    std::int64_t visits = 0;
    double total = 0;  // of the values added
    double prior = 0;
    bool expanded = false;
  };

  std::vector<WorkId> choose() override {
    while (simulations_ < task_.options.simulations) {
      // Where all work is finished, simulations need nothing from the models.
      if (simulations_ % kLook == 0 && task_.stop()) {
        stopped_ = true;
        return {};
      }
      const WorkId leaf = select();
      ++simulations_;
      const bool dead = seen_[leaf].expanded;  // nothing usable was proposed there
      back_up(leaf, dead ? 0 : tree_[leaf].value);
      if (!tree_[leaf].open || dead) continue;
      seen_[leaf].expanded = true;
      return {leaf};
    }
    return {};
  }

  void grown(std::span<const WorkId> fresh) override {
    seen_.resize(tree_.size());
    if (fresh.empty()) return;
    double best = tree_[fresh[0]].logprob, sum = 0;
    for (const WorkId id : fresh) best = std::max<double>(best, tree_[id].logprob);
    for (const WorkId id : fresh) sum += seen_[id].prior = std::exp(tree_[id].logprob - best);
    for (const WorkId id : fresh) seen_[id].prior /= sum;
  }

  WorkId select() const {
    WorkId at = 0;
    while (const auto next = best_child(at, [&](WorkId id) { return puct(at, id); })) at = *next;
    return at;
  }

  // The first usable child for which `merit` is largest.
  template <class Merit>
  std::optional<WorkId> best_child(WorkId at, Merit merit) const {
    std::optional<WorkId> best;
    for (const WorkId id : tree_[at].children) {
      if (tree_[id].usable() && (!best || merit(id) > merit(*best))) best = id;
    }
    return best;
  }

  double q(WorkId id) const {
    const auto& seen = seen_[id];
    return seen.visits == 0 ? tree_[id].value : seen.total / static_cast<double>(seen.visits);
  }
  double puct(WorkId state, WorkId step) const {
    return q(step) + task_.options.exploration * seen_[step].prior *
                         std::sqrt(static_cast<double>(seen_[state].visits)) /
                         static_cast<double>(1 + seen_[step].visits);
  }

  void back_up(WorkId leaf, double value) {
    for (WorkId id = leaf;; id = tree_[id].parent) {
      ++seen_[id].visits;
      seen_[id].total += value;
      if (id == 0) return;
    }
  }

  // For every node, whether it leads to finished work. Children are numbered after their parent.
  std::vector<bool> lead_to_end() const {
    std::vector<bool> lead(tree_.size());
    for (WorkId id = tree_.size() - 1; id > 0; --id) {
      if (tree_[id].finished) lead[id] = true;
      if (lead[id]) lead[tree_[id].parent] = true;
    }
    return lead;
  }

  std::optional<WorkId> answer() const override {
    const auto lead = lead_to_end();
    if (!lead[0]) return std::nullopt;
    WorkId at = 0;
    while (!tree_[at].finished) {
      at = *best_child(
          at, [&](WorkId id) { return std::tuple(bool{lead[id]}, seen_[id].visits, q(id)); });
    }
    return at;
  }

  std::vector<Seen> seen_;  // of the nodes
  std::int64_t simulations_ = 0;
};

}  // namespace

std::unique_ptr<ProblemSearch> make_step_mcts(const ProblemTask& task) {
  return std::make_unique<StepMcts>(task);
}

}  // namespace qstar::search

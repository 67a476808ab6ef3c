// What the searches over single steps share: rounds of proposing and scoring, the budget, the end.
//
// A round: choose() names states, `samples` steps are proposed in each, the new ones are scored,
// and grown() receives them. The search ends when no state is chosen or the budget is used up.
#pragma once

#include <optional>

#include "search/text/work_tree.hpp"

namespace qstar::search {

class TreeSearch : public ProblemSearch {
 public:
  explicit TreeSearch(const ProblemTask& task) : task_(task), tree_(task_) {}

  Wants next() final;
  void generated(std::vector<model::Generation> made) final;
  void scored(std::span<const float> scores) final;
  Found found() final;

 protected:
  // The open nodes at which steps are proposed next; none: the search has ended.
  virtual std::vector<WorkId> choose() = 0;
  // The round's new usable nodes, scored, by parent in the order of choose().
  virtual void grown(std::span<const WorkId> fresh) = 0;
  // The answer, if the search has decided on one. Otherwise it is the finished work of the largest
  // merit(), the first such one, and without finished work the longest.
  virtual std::optional<WorkId> answer() const { return std::nullopt; }
  virtual double merit(WorkId id) const { return tree_[id].value; }

  const ProblemTask task_;
  WorkTree tree_;
  std::int64_t round_tokens_ = 0;  // generated in the last round
  bool stopped_ = false;           // choose() chose nothing because the task's `stop` gave true

 private:
  WorkId best_of(std::span<const WorkId> leaves) const;

  std::vector<WorkId> chosen_, fresh_;
  std::int64_t spent_ = 0;  // tokens
};

}  // namespace qstar::search

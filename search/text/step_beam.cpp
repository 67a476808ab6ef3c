// Beam search over steps: after every step the `beam` states of the best aggregated score are kept.
//
// Stopping early: when every step that a state of the beam could take next scores below
// `stop_below`, the beam does not advance. First other steps are proposed where it is; the next
// time in a row the beam goes back one step, and others than those it came from are proposed there;
// then two steps, and so on. After `retries` of these resamplings it continues with the best steps
// that it has.
#include <algorithm>

#include "search/text/tree_search.hpp"

namespace qstar::search {
namespace {

class StepBeam final : public TreeSearch {
 public:
  explicit StepBeam(const ProblemTask& task) : TreeSearch(task), levels_{{0}} {}

 private:
  std::vector<WorkId> choose() override {
    std::vector<WorkId> open;
    for (const WorkId id : levels_.back())
      if (tree_[id].open) open.push_back(id);
    return open;
  }

  void grown(std::span<const WorkId>) override {
    auto next = steps_on();
    if (!good(next)) {
      if (retries_ < task_.options.retries) return stop();
      dropped_.clear();  // the best may be among those
      next = steps_on();
    }
    in_a_row_ = 0;
    for (const WorkId id : levels_.back())
      if (tree_[id].finished) next.push_back(id);
    keep_best(next);
    levels_.push_back(std::move(next));
  }

  // The steps that the beam could take now.
  std::vector<WorkId> steps_on() const {
    std::vector<WorkId> steps;
    for (const WorkId state : levels_.back()) {
      for (const WorkId id : tree_[state].children)
        if (tree_[id].usable() && !is_dropped(id)) steps.push_back(id);
    }
    return steps;
  }

  bool good(std::span<const WorkId> steps) const {
    return task_.options.stop_below <= 0 ||
           std::any_of(steps.begin(), steps.end(), [this](WorkId id) {
             return static_cast<double>(*tree_[id].score) >= task_.options.stop_below;
           });
  }

  void stop() {
    ++retries_;
    for (std::int64_t back = 0; back < in_a_row_ && levels_.size() > 1; ++back) {
      dropped_.insert(dropped_.end(), levels_.back().begin(), levels_.back().end());
      levels_.pop_back();
    }
    ++in_a_row_;
  }

  void keep_best(std::vector<WorkId>& states) const {
    std::sort(states.begin(), states.end(), [this](WorkId a, WorkId b) {
      return tree_[a].value != tree_[b].value ? tree_[a].value > tree_[b].value : a < b;
    });
    const auto beam = static_cast<std::size_t>(task_.options.beam);
    if (states.size() > beam) states.resize(beam);
  }

  bool is_dropped(WorkId id) const {
    return std::find(dropped_.begin(), dropped_.end(), id) != dropped_.end();
  }

  std::vector<std::vector<WorkId>> levels_;  // the beam after every step
  std::vector<WorkId> dropped_;              // states that the beam went back from
  std::int64_t retries_ = 0, in_a_row_ = 0;
};

}  // namespace

std::unique_ptr<ProblemSearch> make_step_beam(const ProblemTask& task) {
  return std::make_unique<StepBeam>(task);
}

}  // namespace qstar::search

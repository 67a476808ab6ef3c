#include "experiment/text/annotator.hpp"

#include <algorithm>
#include <utility>

#include "core/rng.hpp"

namespace qstar::experiment {
namespace {

// The number of steps before the first wrong one, then whether the answer is right.
std::pair<std::size_t, bool> merit_of(const Trajectory& attempt) {
  const auto wrong = std::find_if(attempt.steps.begin(), attempt.steps.end(),
                                  [](const Step& step) { return step.verdict != Verdict::kRight; });
  return {static_cast<std::size_t>(wrong - attempt.steps.begin()),
          attempt.outcome == Outcome::kWon};
}

}  // namespace

Result<Rankings> SimulatedAnnotator::rank(std::span<const AttemptGroup> groups) {
  Rankings ranked;
  for (const auto& group : groups) {
    Rng rng(derive_seed(seed_, "ranking", group.group));
    std::vector<std::size_t> order;  // the best first
    for (std::size_t a = 0; a < group.attempts.size(); ++a) {
      const auto merit = merit_of(group.attempts[a]);
      auto place = order.end();
      while (place != order.begin()) {
        const auto above = merit_of(group.attempts[*(place - 1)]);
        const bool better = merit > above;
        // Equally good answers keep the order in which they were generated, without errors.
        if (merit == above || better == rng.bernoulli(error_rate_)) break;
        --place;
      }
      order.insert(place, a);
    }
    RankedGroup said{group.attempts, std::vector<std::int64_t>(group.attempts.size())};
    std::int64_t rank = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const bool tie =
          i > 0 && merit_of(said.attempts[order[i]]) == merit_of(said.attempts[order[i - 1]]);
      said.ranks[order[i]] = tie ? rank : ++rank;
    }
    ranked.groups.push_back(std::move(said));
  }
  return ranked;
}

Result<Rankings> RecordedAnnotator::rank(std::span<const AttemptGroup>) {
  Rankings ranked{{}, file_.skipped};
  for (const auto& ranking : file_.records) {
    RankedGroup said;
    for (const auto& attempt : ranking.attempts) {
      said.attempts.push_back(attempt_of(ranking.problem, attempt.steps));
      said.ranks.push_back(attempt.rank);
    }
    ranked.groups.push_back(std::move(said));
  }
  return ranked;
}

std::vector<learning::RankedPair> pairs_of(std::span<const RankedGroup> groups) {
  std::vector<learning::RankedPair> pairs;
  for (const auto& group : groups) {
    const auto more = learning::pairs_of(group.attempts, group.ranks);
    pairs.insert(pairs.end(), more.begin(), more.end());
  }
  return pairs;
}

}  // namespace qstar::experiment

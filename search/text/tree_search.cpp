#include "search/text/tree_search.hpp"

#include <algorithm>

namespace qstar::search {

ProblemSearch::Wants TreeSearch::next() {
  Wants wants;
  for (const WorkId id : fresh_) wants.scores.push_back(tree_.query(id));
  if (!wants.empty()) return wants;
  if (task_.options.budget > 0 && spent_ >= task_.options.budget) return wants;
  chosen_ = choose();
  for (const WorkId id : chosen_) {
    for (std::int64_t s = 0; s < task_.options.samples; ++s)
      wants.generations.push_back(tree_.propose(id));
  }
  wants.stopped = stopped_;
  return wants;
}

void TreeSearch::generated(std::vector<model::Generation> made) {
  round_tokens_ = 0;
  for (const auto& generation : made)
    round_tokens_ += static_cast<std::int64_t>(generation.tokens.size());
  spent_ += round_tokens_;
  const auto samples = static_cast<std::size_t>(task_.options.samples);
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    const auto added = tree_.add(chosen_[i], std::span(made).subspan(i * samples, samples));
    fresh_.insert(fresh_.end(), added.begin(), added.end());
  }
  if (fresh_.empty()) grown({});
}

void TreeSearch::scored(std::span<const float> scores) {
  for (std::size_t i = 0; i < fresh_.size(); ++i) tree_.set_score(fresh_[i], scores[i]);
  const auto fresh = std::move(fresh_);
  fresh_.clear();
  grown(fresh);
}

WorkId TreeSearch::best_of(std::span<const WorkId> leaves) const {
  if (const auto sure = answer()) return *sure;
  const auto better = [this](WorkId a, WorkId b) {
    const auto &x = tree_[a], &y = tree_[b];
    if (x.finished != y.finished) return x.finished;
    return x.finished ? merit(a) > merit(b) : x.tokens > y.tokens;
  };
  return *std::min_element(leaves.begin(), leaves.end(), better);
}

ProblemSearch::Found TreeSearch::found() {
  const auto leaves = tree_.leaves();
  const WorkId best = best_of(leaves);
  Found found;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    found.attempts.push_back(tree_.attempt(leaves[i], static_cast<std::uint32_t>(i)));
    if (leaves[i] == best) found.answers = {i};
  }
  return found;
}

}  // namespace qstar::search

#include "learning/critic/step_tree.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "data/attempt.hpp"

namespace qstar::learning {
namespace {

double probability_of(const Step& step) {
  return std::exp(std::accumulate(step.logprobs.begin(), step.logprobs.end(), 0.0));
}

double value_of(const StepTree& tree, const std::vector<double>& values, std::size_t state,
                Backup backup) {
  double best = 0, sum = 0, seen = 0;
  for (const std::size_t child : tree.nodes[state].children) {
    best = std::max(best, values[child]);
    sum += tree.nodes[child].probability * values[child];
    seen += tree.nodes[child].probability;
  }
  return backup == Backup::kMax ? best : sum / std::max(seen, 1.0);
}

}  // namespace

StepTree::StepTree(const AttemptGroup& group) {
  std::unordered_map<std::string, std::size_t> known;
  for (const Trajectory& attempt : group.attempts) {
    std::string text = prompt_of(attempt.problem, {});
    const auto [root, first] = known.try_emplace(text, nodes.size());
    if (first) nodes.push_back({nodes.size(), {}});
    std::size_t at = root->second;
    places.emplace_back();
    const std::string whole = text_of(attempt);
    for (std::size_t i = 0; i < closed_steps(attempt); ++i) {
      text = whole.substr(0, text.size() + attempt.steps[i].text.size() + 1);
      const auto [place, fresh] = known.try_emplace(text, nodes.size());
      if (fresh) {
        nodes[at].children.push_back(nodes.size());
        nodes.push_back({at, {}, probability_of(attempt.steps[i])});
      }
      at = place->second;
      places.back().push_back(at);
    }
    if (text.back() == kEndSeparator) nodes[at].won = attempt.win();
  }
}

std::vector<double> backed_up(const StepTree& tree, Backup backup, double discount) {
  std::vector<double> values(tree.nodes.size());
  for (std::size_t n = tree.nodes.size(); n-- > 0;) {
    const auto& node = tree.nodes[n];
    if (node.children.empty())
      values[n] = node.won ? 1 : 0;
    else
      values[n] = discount * value_of(tree, values, n, backup);
  }
  return values;
}

}  // namespace qstar::learning

#include "learning/critic/q_targets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "core/result.hpp"

namespace qstar::learning {
namespace {

// The online network's value of its best known step in a state, and the target network's value of
// that step.
struct BestAction {
  float online = 0;
  float target = 0;
};

std::vector<std::optional<BestAction>> best_actions(const StepTree& tree,
                                                    std::span<const std::vector<float>> online,
                                                    std::span<const std::vector<float>> target) {
  std::vector<std::optional<BestAction>> best(tree.nodes.size());
  for (std::size_t a = 0; a < tree.places.size(); ++a) {
    for (std::size_t i = 0; i < online[a].size(); ++i) {
      auto& known = best[tree.nodes[tree.places[a][i]].parent];
      if (!known || online[a][i] > known->online) known = {online[a][i], target[a][i]};
    }
  }
  return best;
}

QRows rows_of(const StepTree& tree, const std::vector<double>& values) {
  QRows rows;
  for (const auto& places : tree.places) {
    rows.emplace_back();
    for (const std::size_t node : places) rows.back().push_back(static_cast<float>(values[node]));
  }
  return rows;
}

}  // namespace

QRows n_step_targets(const StepTree& tree, std::span<const std::vector<float>> online,
                     std::span<const std::vector<float>> target, std::int64_t steps,
                     double discount) {
  const std::size_t n = tree.places.size();
  QSTAR_ASSERT(online.size() == n && target.size() == n && steps > 0, "one row of Q per attempt");
  const auto best = best_actions(tree, online, target);
  QRows targets(n);
  for (std::size_t a = 0; a < n; ++a) {
    const auto& places = tree.places[a];
    for (std::size_t i = 0; i < online[a].size(); ++i) {
      const auto at = std::min(i + static_cast<std::size_t>(steps) - 1, places.size() - 1);
      const auto& node = tree.nodes[places[at]];
      const auto& on = best[places[at]];
      const double value = on ? discount * on->target : node.won ? 1 : 0;
      targets[a].push_back(
          static_cast<float>(std::pow(discount, static_cast<double>(at - i)) * value));
    }
  }
  return targets;
}

std::vector<double> kept_chances(const StepTree& tree, double discount, double luck) {
  const auto q = backed_up(tree, Backup::kExpected, discount);
  std::vector<double> kept(tree.nodes.size(), 1.0);
  for (std::size_t n = 0; n < tree.nodes.size(); ++n) {
    double best = 0;
    for (const std::size_t child : tree.nodes[n].children) best = std::max(best, q[child]);
    for (const std::size_t child : tree.nodes[n].children) {
      if (kept[n] < kLost)
        kept[child] = kept[n];
      else if (best == 0)
        kept[child] = std::numeric_limits<double>::quiet_NaN();
      else
        kept[child] = kept[n] * q[child] / (best + luck);
    }
  }
  return kept;
}

QRows q_targets(const StepTree& tree, std::span<const std::vector<float>> online,
                std::span<const std::vector<float>> target, const QTargetOptions& options) {
  const double discount = options.discount;
  if (options.target == "max_backup") return rows_of(tree, backed_up(tree, Backup::kMax, discount));
  if (options.target == "expected_backup")
    return rows_of(tree, backed_up(tree, Backup::kExpected, discount));
  if (options.target == "kept_chance")
    return rows_of(tree, kept_chances(tree, discount, options.luck));
  QSTAR_ASSERT(asks_network(options), options.target);
  return n_step_targets(tree, online, target, options.target == "n_step" ? options.steps : 1,
                        discount);
}

bool asks_network(const QTargetOptions& options) {
  return options.target == "double_q" || options.target == "n_step";
}

void StateIndex::add(const StepTree& tree, std::span<const std::vector<float>> values) {
  std::map<std::size_t, std::int64_t> known;  // states of this group
  std::vector<bool> met(tree.nodes.size());
  for (std::size_t a = 0; a < tree.places.size(); ++a) {
    for (std::size_t i = 0; i < values[a].size(); ++i, ++steps_) {
      const std::size_t node = tree.places[a][i];
      const auto [state, fresh] = known.try_emplace(tree.nodes[node].parent, size);
      if (fresh) ++size;
      states.push_back(state->second);
      if (!met[node]) distinct.push_back(steps_);
      met[node] = true;
    }
  }
}

}  // namespace qstar::learning

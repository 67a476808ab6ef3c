#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "learning/critic_learner.hpp"
#include "learning/policy_learner.hpp"

namespace qstar {
namespace {

// A step as the network sees it: its text and the separator that closes it.
std::string action_of(const Trajectory& attempt, std::size_t i) {
  const bool last = i + 1 == attempt.steps.size();
  std::string action = attempt.steps[i].text;
  if (!last) return action + Tokenizer::kStep;
  if (attempt.outcome != Outcome::kUnfinished) return action + Tokenizer::kEnd;
  return action;
}

// The best known way on from one state, by the online network, and the target network's value of
// it.
struct BestAction {
  float online = 0;
  float target = 0;
};

// Probability that a right step's value exceeds a wrong one's, from ranks (Mann & Whitney 1947).
double auc(std::vector<std::pair<float, bool>> scored) {
  std::sort(scored.begin(), scored.end());
  double wins = 0;
  double wrong_below = 0;
  double right = 0;
  for (std::size_t i = 0; i < scored.size();) {
    double tied_right = 0;
    double tied_wrong = 0;
    std::size_t j = i;
    for (; j < scored.size() && scored[j].first == scored[i].first; ++j)
      (scored[j].second ? tied_right : tied_wrong) += 1;
    wins += tied_right * (wrong_below + 0.5 * tied_wrong);
    wrong_below += tied_wrong;
    right += tied_right;
    i = j;
  }
  return right == 0 || wrong_below == 0 ? 0.5 : wins / (right * wrong_below);
}

}  // namespace

void OptimizerConfig::describe(FieldVisitor& v) {
  v.value({"muon_rate", "learning rate of Muon (block matrices)", 0, 1}, muon_rate);
  v.value({"adamw_rate", "learning rate of AdamW (all else)", 0, 1}, adamw_rate);
  v.value({"weight_decay", "decoupled weight decay, a step, times the rate", 0, 10}, weight_decay);
  v.value({"clip", "largest global gradient norm", 1e-6, 1e6}, clip);
  v.value({"warmup", "steps of linear warm-up", 0, 1e7}, warmup);
  v.value({"decay_start", "share of all steps after which the rate falls", 0, 1}, decay_start);
  v.value({"decay_to", "share of itself that the rate falls to", 1e-6, 1}, decay_to);
}

void CriticConfig::describe(FieldVisitor& v) {
  v.value({"updates_per_version", "updates for each version of the policy", 0, 1e6},
          updates_per_version);
  v.value({"groups_per_update", "attempt groups in a batch", 1, 1e6}, groups_per_update);
  v.value({"discount", "discount a step", 0, 1}, discount);
  v.value({"target_period", "updates between copies to the target network", 1, 1e7}, target_period);
  v.value({"inside_weight", "loss weight on tokens inside a step", 0, 1}, inside_weight);
  v.value({"language_weight", "weight of the language-model loss on won attempts", 0, 100},
          language_weight);
  section(v, "optimizer", "the critic's optimiser", optimizer);
}

double schedule(const OptimizerConfig& config, std::int64_t step, std::int64_t total) {
  const double warm =
      config.warmup <= 0
          ? 1.0
          : std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(config.warmup));
  const double start = config.decay_start * static_cast<double>(total);
  const double span = static_cast<double>(total) - start;
  const double past = static_cast<double>(step) - start;
  if (past <= 0 || span <= 0) return warm;
  return warm * (1.0 - (1.0 - config.decay_to) * std::min(1.0, past / span));
}

std::vector<std::vector<float>> double_q_targets(const AttemptGroup& group,
                                                 std::span<const std::vector<float>> online,
                                                 std::span<const std::vector<float>> target,
                                                 double discount) {
  const std::size_t n = group.attempts.size();
  QSTAR_ASSERT(online.size() == n && target.size() == n, "one row of Q an attempt");
  const auto valued = [&](std::size_t a) {  // attempts that do not encode have no values
    const std::size_t steps = group.attempts[a].steps.size();
    return online[a].size() == steps && target[a].size() == steps;
  };
  std::map<std::string, BestAction> best;
  for (std::size_t a = 0; a < n; ++a) {
    std::string state = group.attempts[a].problem + Tokenizer::kStep;
    for (std::size_t i = 0; valued(a) && i < online[a].size(); ++i) {
      const BestAction action{online[a][i], target[a][i]};
      const auto [known, fresh] = best.try_emplace(state, action);
      if (!fresh && action.online > known->second.online) known->second = action;
      state += action_of(group.attempts[a], i);
    }
  }
  std::vector<std::vector<float>> targets(n);
  for (std::size_t a = 0; a < n; ++a) {
    const Trajectory& attempt = group.attempts[a];
    std::string state = attempt.problem + Tokenizer::kStep;
    for (std::size_t i = 0; valued(a) && i < online[a].size(); ++i) {
      state += action_of(attempt, i);
      const bool last = i + 1 == online[a].size();
      targets[a].push_back(last ? (attempt.win() ? 1.0F : 0.0F)
                                : static_cast<float>(discount * best.at(state).target));
    }
  }
  return targets;
}

CriticReport assess(std::span<const Trajectory> attempts, std::span<const std::vector<float>> q) {
  QSTAR_ASSERT(attempts.size() == q.size(), "one row of Q an attempt");
  CriticReport report;
  report.bins.resize(10);
  std::vector<std::pair<float, bool>> judged;
  for (std::size_t a = 0; a < attempts.size(); ++a) {
    const std::vector<Step>& steps = attempts[a].steps;
    bool clean = true;  // after a wrong step nothing can be won, however right the steps are
    for (std::size_t i = 0; q[a].size() == steps.size() && i < steps.size(); ++i) {
      if (clean && steps[i].verdict != Verdict::kUnknown)
        judged.emplace_back(q[a][i], steps[i].verdict == Verdict::kRight);
      clean = clean && steps[i].verdict == Verdict::kRight;
      auto& bin = report.bins[static_cast<std::size_t>(std::clamp(q[a][i] * 10.0F, 0.0F, 9.0F))];
      bin.mean_q += q[a][i];  // sums until all are in
      bin.win_rate += attempts[a].win() ? 1 : 0;
      ++bin.n;
      ++report.steps;
    }
  }
  for (auto& bin : report.bins) {
    if (bin.n == 0) continue;
    report.calibration_error +=
        std::abs(bin.mean_q - bin.win_rate) / static_cast<double>(report.steps);
    bin.mean_q /= static_cast<double>(bin.n);
    bin.win_rate /= static_cast<double>(bin.n);
  }
  report.step_auc = auc(std::move(judged));
  return report;
}

}  // namespace qstar

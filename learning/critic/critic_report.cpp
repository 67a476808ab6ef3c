#include <algorithm>
#include <cmath>

#include "learning/critic/critic_learner.hpp"

namespace qstar::learning {
namespace {

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

CriticReport assess(std::span<const Trajectory> attempts, std::span<const std::vector<float>> q) {
  QSTAR_ASSERT(attempts.size() == q.size(), "one row of Q per attempt");
  CriticReport report;
  report.bins.resize(10);
  std::vector<std::pair<float, bool>> judged;
  for (std::size_t a = 0; a < attempts.size(); ++a) {
    const std::vector<Step>& steps = attempts[a].steps;
    bool clean = true;  // after a wrong step nothing can be won, however right the steps are
    for (std::size_t i = 0; i < std::min(q[a].size(), steps.size()); ++i) {
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

}  // namespace qstar::learning

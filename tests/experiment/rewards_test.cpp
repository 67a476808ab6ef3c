// Rewards and calibration compared with hand-computed values.
#include <catch2/catch.hpp>
#include <cmath>

#include "experiment/text/rewards.hpp"
#include "experiment/text/teach.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace experiment;
namespace {

Trajectory scored(std::initializer_list<float> scores, Outcome outcome) {
  Trajectory attempt;
  attempt.outcome = outcome;
  for (const float score : scores) {
    attempt.steps.push_back(step_of("1"));
    attempt.steps.back().reward_score = score;
  }
  return attempt;
}

TEST_CASE("rewards by outcome, process, both and proxy") {
  const auto won = scored({0.9F, 0.25F, 0.75F}, Outcome::kLucky);
  CHECK(reward_of(RewardKind::kOutcome, won) == 1);
  CHECK(reward_of(RewardKind::kProcess, won) == 0.25);
  CHECK(reward_of(RewardKind::kBoth, won) == 0.25);
  CHECK(reward_of(RewardKind::kProxy, won) == Approx(std::log(3.0)));
  const auto lost = scored({0.5F}, Outcome::kLost);
  CHECK(reward_of(RewardKind::kOutcome, lost) == 0);
  CHECK(reward_of(RewardKind::kProcess, lost) == 0.5);
  CHECK(reward_of(RewardKind::kBoth, lost) == 0);
  CHECK(reward_of(RewardKind::kProxy, lost) == Approx(0).margin(1e-9));
  const auto unfinished = scored({1.0F}, Outcome::kUnfinished);
  CHECK(reward_of(RewardKind::kProcess, unfinished) == 0);
  // Work that has no steps or no scores is worth nothing, and finite.
  CHECK(reward_of(RewardKind::kProcess, scored({}, Outcome::kLost)) == 0);
  CHECK(std::isfinite(reward_of(RewardKind::kProxy, scored({}, Outcome::kLost))));
  CHECK(std::isfinite(reward_of(RewardKind::kProxy, scored({1.0F}, Outcome::kLost))));
}

TEST_CASE("wins are screened by their steps if the steps of at least one win are accepted") {
  const auto accepted = scored({0.9F, 0.5F}, Outcome::kWon);
  const auto rejected = scored({0.9F, 0.49F}, Outcome::kLucky);
  const auto lost = scored({1.0F}, Outcome::kLost);
  const auto rewards =
      rewards_of(RewardKind::kScreened,
                 {{0, {accepted, rejected, lost}}, {1, {rejected, lost}}, {2, {lost}}, {3, {}}});
  CHECK(rewards == std::vector<std::vector<double>>{{1, 0, 0}, {1, 0}, {0}, {}});
}

TEST_CASE("calibration: ten bins, their means and rates, and the error") {
  const std::vector<std::pair<float, bool>> predictions = {
      {0.05F, false}, {0.15F, true}, {0.25F, false}, {1.0F, true}, {0.95F, false}};
  const auto calibration = calibration_of(predictions);
  CHECK(calibration.bins[0].n == 1);
  CHECK(calibration.bins[9].n == 2);
  CHECK(calibration.bins[9].mean == Approx(0.975));
  CHECK(calibration.bins[9].rate == 0.5);
  // (.05 + .85 + .25 + 2 · .475) / 5
  CHECK(calibration.error() == Approx(0.42));
  CHECK(Calibration{}.error() == 0);
}

TEST_CASE("the share of right answers with a wrong step") {
  const std::vector groups = {
      AttemptGroup{0, {scored({}, Outcome::kWon), scored({}, Outcome::kLucky)}},
      AttemptGroup{1, {scored({}, Outcome::kLost), scored({}, Outcome::kWon)}}};
  CHECK(lucky_share(groups) == Approx(1.0 / 3));
  CHECK(lucky_share({}) == 0);
}

TEST_CASE("a right answer with a wrong step may count as a wrong one") {
  AttemptGroup group{1, std::vector<Trajectory>(3)};
  group.attempts[0].outcome = Outcome::kWon;
  group.attempts[1].outcome = Outcome::kLucky;
  group.attempts[2].outcome = Outcome::kLost;
  for (auto& attempt : group.attempts) attempt.steps.emplace_back().reward_score = 0.75F;
  using Rows = std::vector<std::vector<double>>;
  for (const auto kind : {RewardKind::kOutcome, RewardKind::kScreened}) {
    CHECK(rewards_of(kind, {group}) == Rows{{1, 1, 0}});
    CHECK(rewards_of(kind, {group}, Lucky::kWrong) == Rows{{1, 0, 0}});
  }
  CHECK(rewards_of(RewardKind::kBoth, {group}, Lucky::kWrong) == Rows{{0.75, 0, 0}});
  CHECK(rewards_of(RewardKind::kProcess, {group}, Lucky::kWrong) == Rows{{0.75, 0.75, 0.75}});
  // Screened: where the only accepted win is lucky, the others are not held back by it.
  group.attempts[0].steps[0].reward_score = 0.25F;
  CHECK(rewards_of(RewardKind::kScreened, {group}) == Rows{{0, 1, 0}});
  CHECK(rewards_of(RewardKind::kScreened, {group}, Lucky::kWrong) == Rows{{1, 0, 0}});
}

}  // namespace
}  // namespace qstar

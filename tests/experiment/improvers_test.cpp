// Each algorithm of reinforcement learning on a round that is small enough to work its loss out by
// hand, and the direction in which it moves the policy.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "experiment/text/algorithms.hpp"
#include "learning/reward/reward_learner.hpp"
#include "persistence/bytes.hpp"
#include "tests/support/rounds.hpp"

namespace qstar {
using namespace learning;
using namespace experiment;
namespace {

using testing::attempt_of;
using testing::logprobs_of;
using testing::parts_of;

constexpr auto kSeed = testing::kRoundSeed;

const model::ModelFile& start() { return testing::round_start(); }

double likelihood(const PolicyLearner& policy, const std::string& text) {
  double sum = 0;
  for (const float logprob : logprobs_of(policy, text)) sum += static_cast<double>(logprob);
  return sum;
}

// 6, 2, 2 and 7 tokens of at most 8; the first is right.
Round round_of_four(const PolicyLearner& policy) {
  return {
      {{1,
        {attempt_of(policy, "3+3=6;", Outcome::kWon), attempt_of(policy, "7;", Outcome::kLost),
         attempt_of(policy, "8;", Outcome::kLost), attempt_of(policy, "3+40=7;", Outcome::kLost)}}},
      {{1, 0, 0, 0}},
      1};
}

std::map<std::string, double> figures_of(const char* algorithm, const ReinforceConfig& config,
                                         Round (*round)(const PolicyLearner&) = round_of_four) {
  PolicyLearner policy(start());
  return make_improver(algorithm, parts_of(config))->improve(policy, round(policy)).value();
}

// At the first update every ratio is 1, so the loss is −Σ w·A over the tokens.
TEST_CASE("GRPO's loss has advantages over their deviation, every token the same") {
  // Mean 1/4, deviation √3/4: √3, and −1/√3 three times; 17 tokens.
  CHECK(figures_of("grpo", {}).at("loss") ==
        Approx(-(6 * 3 - 2 - 2 - 7) / (17 * std::sqrt(3))).epsilon(1e-4));
  // Every attempt the same, as it was published: the advantages of a group add up to nothing.
  ReinforceConfig published;
  published.gradient.token_mean = "attempt";
  CHECK(figures_of("grpo", published).at("loss") == Approx(0).margin(1e-5));
}

TEST_CASE("Dr. GRPO's loss has neither deviation nor length, whatever is configured") {
  ReinforceConfig config;
  const double expected = -(6 * 0.75 - (2 + 2 + 7) * 0.25) / (4 * 8);
  CHECK(figures_of("dr_grpo", config).at("loss") == Approx(expected).epsilon(1e-4));
  config.gradient.baseline = "leave_one_out";
  config.gradient.token_mean = "attempt";
  CHECK(figures_of("dr_grpo", config).at("loss") == Approx(expected).epsilon(1e-4));
}

TEST_CASE("DAPO's loss has a price on length, whatever is configured") {
  ReinforceConfig config;
  // Above 6 of 8 tokens, each further token costs 1/2: rewards 1, 0, 0, −1/2; mean 1/8, deviation
  // √19/8.
  const double expected = -(6 * 7 - 2 - 2 - 7 * 5) / (17 * std::sqrt(19));
  CHECK(figures_of("dapo", config).at("loss") == Approx(expected).epsilon(1e-3));
  config.gradient.token_mean = "constant";
  config.gradient.overlong_ramp = 0;
  CHECK(figures_of("dapo", config).at("loss") == Approx(expected).epsilon(1e-3));
}

// Four tokens each that have become a quarter likelier where it was right, and a quarter less where
// it was wrong.
Round moved_round(const PolicyLearner& policy) {
  return {{{1,
            {attempt_of(policy, "5+1;", Outcome::kWon, 1.25),
             attempt_of(policy, "5+2;", Outcome::kLost, 0.75)}}},
          {{1, 0}},
          1};
}

TEST_CASE("DAPO clips at 0.8 and 1.28, GRPO where it is configured") {
  ReinforceConfig config;
  config.gradient.clip_low = config.gradient.clip_high = 0.1;
  // Advantages 1 and −1. GRPO holds both: −(1.1 − 0.9)/2; DAPO the second one: −(1.25 − 0.8)/2.
  const auto grpo = figures_of("grpo", config, moved_round);
  CHECK(grpo.at("loss") == Approx(-0.1).epsilon(1e-3));
  CHECK(grpo.at("clipped") == Approx(1));
  const auto dapo = figures_of("dapo", config, moved_round);
  CHECK(dapo.at("loss") == Approx(-0.225).epsilon(1e-3));
  CHECK(dapo.at("clipped") == Approx(0.5));
}

TEST_CASE("a group that all won or all lost teaches DAPO nothing, and GRPO as configured") {
  const auto equal = [](const PolicyLearner& policy) {
    auto round = round_of_four(policy);
    round.rewards = {{1, 1, 1, 1}};
    return round;
  };
  ReinforceConfig config;
  config.gradient.drop_equal = false;
  // Kept, the long one costs DAPO half a point: but what is equal is dropped before.
  CHECK(figures_of("dapo", config, equal).at("updates") == 0);
  CHECK(figures_of("grpo", config, equal).at("updates") == 1);
  CHECK(figures_of("grpo", config, equal).at("loss") == Approx(0).margin(1e-6));
  CHECK(figures_of("grpo", {}, equal).at("updates") == 0);
}

// PPO's advantages of the round of four by the formulas: δ = r + V' − V and A = δ + λ·A', V before
// the first step the mean of V after the first steps; then to mean 0 and deviation 1 over steps.
double ppo_loss(const std::vector<std::vector<float>>& after, double lambda) {
  std::vector<std::pair<double, double>> steps;  // advantage and tokens
  const double first =
      static_cast<double>(after[0][0] + after[1][0] + after[2][0] + after[3][0]) / 4;
  const auto two_steps = [&](double value, double reward, double tokens_before) {
    const double last = reward - value;
    steps.emplace_back(value - first + lambda * last, tokens_before);
    steps.emplace_back(last, 2);
  };
  two_steps(static_cast<double>(after[0][0]), 1, 4);
  steps.emplace_back(0 - first, 2);
  steps.emplace_back(0 - first, 2);
  two_steps(static_cast<double>(after[3][0]), 0, 5);
  double mean = 0, squares = 0, loss = 0;
  for (const auto& [a, tokens] : steps) mean += a / 6;
  for (const auto& [a, tokens] : steps) squares += (a - mean) * (a - mean) / 6;
  for (const auto& [a, tokens] : steps) loss -= tokens * (a - mean) / std::sqrt(squares) / 17;
  return loss;
}

TEST_CASE("PPO's loss has generalised advantages over a value model, which learns the outcome") {
  ReinforceConfig config;
  config.gae_lambda = 0.5;
  config.value_updates = 30;
  PolicyLearner policy(start());
  auto parts = parts_of(config);
  parts.config.value.optimizer.warmup = 0;
  const auto ppo = make_improver("ppo", parts);
  const auto attempts = round_of_four(policy).groups[0].attempts;
  RewardLearner values(start(), model::ScorerRole::kOutcome, derive_seed(kSeed, "value"));
  const auto loss = ppo_loss(values.step_scores(attempts), 0.5);
  REQUIRE(std::abs(loss) > 0.01);
  CHECK(ppo->improve(policy, round_of_four(policy)).value().at("loss") ==
        Approx(loss).epsilon(1e-3));

  const std::string saved = ppo->save();
  std::string_view bytes = saved, learned;
  std::array<std::uint64_t, 4> generator{};
  REQUIRE(persistence::take_raw(bytes, generator));
  REQUIRE(persistence::take_block(bytes, learned));
  REQUIRE(values.load(learned, "value model"));
  const auto after = values.step_scores(attempts);
  CHECK(after[0].back() > 0.7F);
  for (const std::size_t lost : {1U, 2U, 3U}) CHECK(after[lost].back() < 0.3F);
  // The next round is judged by what the value model has learned.
  CHECK(ppo->improve(policy, round_of_four(policy)).value().at("loss") ==
        Approx(ppo_loss(after, 0.5)).epsilon(1e-3));
}

// Q-advantage's loss: A is Q − V of a state, the mean of the Q of its different steps' attempts,
// then to mean 0 and deviation 1 over all six steps. All four attempts pass the first state; no
// other is passed twice, so that the second steps have A = 0 and the mean is 0.
double q_advantage_loss(const std::vector<std::vector<float>>& q) {
  const std::array tokens = {4, 2, 2, 5};  // of the first steps
  double v = 0, squares = 0, loss = 0;
  for (const auto& row : q) v += static_cast<double>(row[0]) / 4;
  for (const auto& row : q) squares += (row[0] - v) * (row[0] - v) / 6;
  for (std::size_t a = 0; a < 4; ++a) loss -= tokens[a] * (q[a][0] - v) / std::sqrt(squares) / 17;
  return loss;
}

TEST_CASE("Q-advantage's loss has Q − V of each state, by a critic that learned before") {
  ReinforceConfig config;
  config.value_updates = 30;
  PolicyLearner policy(start());
  auto parts = parts_of(config);
  parts.config.critic.optimizer.warmup = 0;
  const auto improver = make_improver("q_advantage", parts);
  const auto loss = improver->improve(policy, round_of_four(policy)).value().at("loss");
  const std::string saved = improver->save();
  std::string_view bytes = saved, learned;
  std::array<std::uint64_t, 4> generator{};
  REQUIRE(persistence::take_raw(bytes, generator));
  REQUIRE(persistence::take_block(bytes, learned));
  CriticLearner critic(start(), derive_seed(kSeed, "critic"));
  const auto attempts = round_of_four(policy).groups[0].attempts;
  const double unlearned = q_advantage_loss(critic.step_values(attempts));
  REQUIRE(critic.load(learned, "critic"));
  const auto q = critic.step_values(attempts);
  CHECK(q[0][0] > q[1][0] + 0.3F);  // the first one won
  const double expected = q_advantage_loss(q);
  REQUIRE(std::abs(expected - unlearned) > 0.1);
  CHECK(expected < -0.1);
  CHECK(loss == Approx(expected).epsilon(1e-3));
}

// Expert iteration's and search-guided data's loss: the mean of −log p over the tokens of drawn
// right attempts, weighted by 1 − the share of right ones. Group 1 has one right attempt of four,
// weight 3/4; group 2 three of four, weight 1/4, and at most two different ones are learned from.
TEST_CASE("expert iteration's loss weighs right attempts by how rare they are in their group") {
  ReinforceConfig config;
  config.updates = 1;
  config.groups_per_update = 5;
  Rng draws(kSeed);
  std::array<double, 2> drawn{};  // how often each group
  for (int i = 0; i < 5; ++i) {
    draws.below(1);  // the round
    drawn[draws.below(2)] += 1;
  }
  REQUIRE(drawn[0] * drawn[1] > 0);
  for (const auto& name : {"expert_iteration", "search_guided"}) {
    INFO(name);
    PolicyLearner policy(start());
    auto round = round_of_four(policy);
    const auto at = [&](const char* text) { return attempt_of(policy, text, Outcome::kLost); };
    round.groups.push_back({2, {at("1;"), at("1;"), at("2+2=4;"), at("5;")}});
    round.rewards.push_back({1, 0.5, 0.7, 0.49});
    const double rare = -likelihood(policy, "3+3=6;");
    const double frequent = -likelihood(policy, "1;") - likelihood(policy, "2+2=4;");
    const double tokens = drawn[0] * 0.75 * 6 + drawn[1] * 0.25 * (2 + 6);
    const auto figures = make_improver(name, parts_of(config))->improve(policy, round);
    REQUIRE(figures);
    CHECK(figures->at("loss") ==
          Approx((drawn[0] * 0.75 * rare + drawn[1] * 0.25 * frequent) / tokens).epsilon(1e-4));
    CHECK(figures->at("rows") == drawn[0] + 2 * drawn[1]);
  }
}

TEST_CASE("expert iteration learns from the latest rounds, as many as its window") {
  for (const std::int64_t window : {1, 2}) {
    ReinforceConfig config;
    config.window = window;
    config.updates = 1;
    config.groups_per_update = 16;
    PolicyLearner policy(start());
    const auto improver = make_improver("expert_iteration", parts_of(config));
    REQUIRE(improver->improve(policy, round_of_four(policy)).value().at("rows") == 16);
    auto all_wrong = round_of_four(policy);
    all_wrong.rewards = {{0, 0, 0, 0}};
    const double rows = improver->improve(policy, std::move(all_wrong)).value().at("rows");
    CHECK((window == 1 ? rows == 0 : rows > 0 && rows < 16));
  }
}

TEST_CASE("only search-guided data comes from a search") {
  for (const auto& algorithm : algorithms()) {
    INFO(algorithm.name);
    CHECK(algorithm.searches == (algorithm.name == "search_guided"));
    CHECK(find_algorithm(algorithm.name) == &algorithm);
    CHECK(make_improver(algorithm.name, parts_of({})) != nullptr);
  }
  CHECK(find_algorithm("gpro") == nullptr);
}

// One step each, and nowhere the same character.
constexpr const char* kRight = "3+5-2;";
constexpr const char* kWrong = "7*8/9;";

Round round_of_two(const PolicyLearner& policy) {
  return {
      {{1,
        {attempt_of(policy, kRight, Outcome::kWon), attempt_of(policy, kWrong, Outcome::kLost)}}},
      {{1, 0}},
      1};
}

TEST_CASE("every algorithm makes what was rewarded likelier, and what was not less likely") {
  ReinforceConfig config;
  config.updates = 2;
  config.groups_per_update = 4;
  config.value_updates = 10;
  for (const auto& [name, summary, searches] : algorithms()) {
    INFO(name);
    PolicyLearner policy(start());
    auto parts = parts_of(config);
    parts.config.critic.optimizer.warmup = 0;
    const auto improver = make_improver(name, parts);
    const double won = likelihood(policy, kRight), lost = likelihood(policy, kWrong);
    for (int i = 0; i < 8; ++i) REQUIRE(improver->improve(policy, round_of_two(policy)));
    CHECK(likelihood(policy, kRight) > won + 0.5);
    // Imitation alone does not push away from what was wrong.
    const bool imitates = name == "expert_iteration" || name == "search_guided";
    if (imitates)
      CHECK(likelihood(policy, kRight) - won > likelihood(policy, kWrong) - lost + 0.2);
    else
      CHECK(likelihood(policy, kWrong) < lost - 0.5);
  }
}

TEST_CASE("rewards decide, not outcomes") {
  // Paid the other way round, the lost attempt becomes the likelier one.
  for (const auto& name : {"expert_iteration", "grpo", "dr_grpo", "dapo", "ppo"}) {
    INFO(name);
    PolicyLearner policy(start());
    ReinforceConfig config;
    config.updates = 2;
    config.groups_per_update = 4;
    const auto improver = make_improver(name, parts_of(config));
    const double won = likelihood(policy, kRight), lost = likelihood(policy, kWrong);
    for (int i = 0; i < 8; ++i) {
      auto round = round_of_two(policy);
      round.rewards = {{0, 1}};
      REQUIRE(improver->improve(policy, std::move(round)));
    }
    CHECK(likelihood(policy, kWrong) - lost > likelihood(policy, kRight) - won + 0.2);
  }
}

}  // namespace
}  // namespace qstar

// Policy gradients on attempts that older weights made, worked out by hand.
//
// The policy of these tests gives each of the 18 characters the same probability: all its weights
// are zero but the last norm's bias, which is 1 at one place, so that the logit of a character is
// one weight of the head. A loss whose gradient by a token's log p is g changes the head's weight
// of character c by AdamW's first step, the rate against the sign of
//   G(c) = Σ over the tokens of g · ([token is c] − 1/18).
#include <catch2/catch.hpp>

#include "tests/support/rounds.hpp"

namespace qstar {
using namespace learning;
using namespace experiment;
namespace {

using testing::attempt_of;
using testing::parts_of;

constexpr double kRate = 0.1;

const model::ModelFile& uniform() {
  static const auto model = [] {
    auto made = testing::round_start();
    for (auto& [name, tensor] : made.tensors)
      std::fill(tensor.data.begin(), tensor.data.end(), 0.0F);
    made.tensors.at("norm.bias").data[0] = 1;
    return made;
  }();
  return model;
}

ReinforceConfig config_of(const std::string& correction, double cap = 2) {
  ReinforceConfig config;
  config.gradient.correction = correction;
  config.gradient.importance_cap = cap;
  config.gradient.optimizer.adamw_rate = kRate;
  return config;
}

// An attempt at which the reward is 1 and one at which it is 0, with advantages 1 and −1 (GRPO).
// How much likelier their tokens are under the uniform policy than under those that made them.
struct Sampled {
  std::string text;
  double ratio;
};
struct Sampling {
  Sampled right, wrong;
  bool stale = false;  // older weights than the learner's made them
};
Round round_of(const Sampling& made) {
  const PolicyLearner policy(uniform());
  return {{{1,
            {attempt_of(policy, made.right.text, Outcome::kWon, made.right.ratio),
             attempt_of(policy, made.wrong.text, Outcome::kLost, made.wrong.ratio)}}},
          {{1, 0}}};
}

// Improves a learner by a round that is stale or not.
std::map<std::string, double> improve(Improver& improver, PolicyLearner& policy, Round round,
                                      bool stale) {
  LocalEngine engine(nullptr, 1);
  EngineLogprobs proximal(engine, {engine.publish(serialize(policy.model())).value(), 1});
  if (stale) round.proximal = &proximal;
  return improver.improve(policy, std::move(round)).value();
}

struct Improved {
  double loss = 0;
  std::map<char, double> logits;  // the head's weights
};
Improved improved(const ReinforceConfig& config, const Sampling& sampling) {
  PolicyLearner policy(uniform());
  const auto improver = make_improver("grpo", parts_of(config, uniform()));
  const auto figures = improve(*improver, policy, round_of(sampling), sampling.stale);
  Improved made{figures.at("loss"), {}};
  const auto model = policy.model();
  const auto& head = model.tensors.at("head.weight");
  for (std::size_t c = 0; c < model.characters.size(); ++c)
    made.logits[model.characters[c]] =
        static_cast<double>(head.data[c * static_cast<std::size_t>(head.shape[1])]);
  return made;
}

// The logits of '7', of ';' and of any other character.
void check_logits(const Improved& made, double seven, double end, double other) {
  for (const auto& [c, logit] : made.logits) {
    INFO(c);
    CHECK(logit == Approx(c == '7' ? seven : c == ';' ? end : other).margin(1e-4));
  }
}

TEST_CASE("tokens that the learner samples less often count less, which reverses an update") {
  // The policies that made "77;" gave its tokens five times the probability: w = 1/5. "7;" is the
  // learner's own. Five tokens:
  //   loss = (−3·w + 2)/5;  5·G(7) = −2w + 1 − S, 5·G(;) = −w + 1 − S, 5·G(other) = −S,
  //   S = (−3w + 2)/18.
  const Sampling round{{"77;", 0.2}, {"7;", 1}, true};
  // w = 1/5: G(7) = .6 − .078, G(;) = .8 − .078, G(other) = −.078, all over 5.
  const auto decoupled = improved(config_of("decoupled"), round);
  CHECK(decoupled.loss == Approx(1.4 / 5));
  check_logits(decoupled, -kRate, -kRate, kRate);
  // w = 1: G(7) = −1 + .056, G(;) = 0 + .056, G(other) = .056. '7' becomes likelier, although the
  // learner's attempts with it lose more often than they win.
  const auto none = improved(config_of("none"), round);
  CHECK(none.loss == Approx(-1.0 / 5));
  check_logits(none, kRate, -kRate, -kRate);
}

TEST_CASE("importance weights are cut off at the cap") {
  // "7;" has become ten times likelier, "7777;" is the learner's own. Seven tokens:
  //   loss = (−2w + 5)/7;  7·G(7) = −w + 4 − S, 7·G(;) = −w + 1 − S, 7·G(other) = −S,
  //   S = (−2w + 5)/18.
  const auto round = [](bool stale) { return Sampling{{"7;", 10}, {"7777;", 1}, stale}; };
  // w = 2: S = 1/18.
  const auto two = improved(config_of("decoupled"), round(true));
  CHECK(two.loss == Approx(1.0 / 7));
  check_logits(two, -kRate, kRate, kRate);
  // w = 3: S = −1/18.
  const auto three = improved(config_of("decoupled", 3), round(true));
  CHECK(three.loss == Approx(-1.0 / 7));
  check_logits(three, -kRate, kRate, -kRate);
  // w = 10: S = −15/18.
  const auto ten = improved(config_of("decoupled", 100), round(true));
  CHECK(ten.loss == Approx(-15.0 / 7));
  check_logits(ten, kRate, kRate, -kRate);
  // Relative to the policies that made them, the tokens of "7;" are clipped at 1.28 and have no
  // gradient: 7·G(7) = 4 − S, 7·G(;) = 1 − S, S = 5/18.
  const auto clipped = improved(config_of("clipped"), round(true));
  CHECK(clipped.loss == Approx((-2 * 1.28 + 5) / 7));
  check_logits(clipped, -kRate, -kRate, kRate);
  // That is also the loss of a round that is not stale, whatever the correction and its cap.
  for (const auto* correction : {"decoupled", "clipped", "none"}) {
    const auto fresh = improved(config_of(correction, 0.5), round(false));
    CHECK(fresh.loss == Approx(clipped.loss));
    CHECK(fresh.logits == clipped.logits);
  }
}

// The loss of the attempt that is learned from second, by hand: both tokens of the first one have
// moved by the rate, all other characters by the rate the other way, r is relative to the uniform
// policy, and w is the cap.
double second_loss(bool right_first) {
  const double up = std::exp(kRate), down = std::exp(-kRate);
  const double first = right_first ? up : down;  // '7' and ';', or '8' and ';'
  const double others = right_first ? down : up;
  const double sum = 2 * first + 16 * others;
  const double mean_ratio = 18 * (first + others) / sum / 2;  // of ';' and of the own digit
  return right_first ? 2 * mean_ratio : -2 * mean_ratio;
}

TEST_CASE("all batches of a stale round have the proximal policy of before its first update") {
  auto config = config_of("decoupled");
  config.attempts_per_update = 1;
  std::array order = {true, false};  // whether it is the right one
  Rng(testing::kRoundSeed).shuffle(std::span<bool>(order));
  // w is 4, cut off at 2. Were the proximal policy that of before the second update, r would be 1.
  const auto made = improved(config, {{"7;", 4}, {"8;", 4}, true});
  const double first = order[0] ? -2 : 2;
  CHECK(made.loss == Approx((first + second_loss(order[0])) / 2).epsilon(1e-4));
  REQUIRE(std::abs(first + second_loss(order[0])) > 0.1);
}

TEST_CASE("every policy gradient weighs what older weights made") {
  for (const auto* name : {"grpo", "dr_grpo", "dapo", "ppo", "q_advantage"}) {
    INFO(name);
    const auto loss = [&](const std::string& correction) {
      PolicyLearner policy(testing::round_start());
      // A quarter as likely as when they were sampled, at every token.
      Round round{{{1,
                    {attempt_of(policy, "3+3=6;", Outcome::kWon, 0.25),
                     attempt_of(policy, "7;", Outcome::kLost, 0.25)}}},
                  {{1, 0}}};
      const auto improver = make_improver(name, parts_of(config_of(correction)));
      return improve(*improver, policy, std::move(round), true).at("loss");
    };
    const double none = loss("none");
    REQUIRE(std::abs(none) > 0.01);
    CHECK(loss("decoupled") == Approx(none / 4).epsilon(1e-3));
  }
}

}  // namespace
}  // namespace qstar

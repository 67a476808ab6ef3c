#include "learning/policy/advantages.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "data/attempt.hpp"
#include "learning/policy/policy_gradient.hpp"
#include "model/generated_steps.hpp"
#include "tests/support/attempts.hpp"

namespace qstar {
using namespace model;
using namespace learning;
namespace {

using Numbers = std::vector<double>;

void check_close(const Numbers& got, const Numbers& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(expected[i]).margin(1e-12));
}

TEST_CASE("group advantages, worked out by hand", "[advantages]") {
  const Numbers rewards = {1, 0, 0, 0};  // mean 1/4, deviation √3/4
  const double root = std::sqrt(3.0);
  check_close(group_advantages(rewards, GroupBaseline::kGroup),
              {root, -1 / root, -1 / root, -1 / root});
  check_close(group_advantages(rewards, GroupBaseline::kCentred), {.75, -.25, -.25, -.25});
  check_close(group_advantages(rewards, GroupBaseline::kLeaveOneOut),
              {1, -1.0 / 3, -1.0 / 3, -1.0 / 3});
}

TEST_CASE("groups of equal rewards, of one and of none teach nothing", "[advantages]") {
  for (const auto baseline :
       {GroupBaseline::kGroup, GroupBaseline::kCentred, GroupBaseline::kLeaveOneOut}) {
    CHECK(group_advantages(Numbers{1, 1, 1}, baseline) == Numbers{0, 0, 0});
    CHECK(group_advantages(Numbers{0.1}, baseline) == Numbers{0});
    CHECK(group_advantages({}, baseline).empty());
  }
  CHECK(rewards_differ(Numbers{0, 0, 1}));
  CHECK_FALSE(rewards_differ(Numbers{1, 1}));
  CHECK_FALSE(rewards_differ({}));
}

TEST_CASE("generalised advantages, worked out by hand and at their ends", "[advantages]") {
  const Numbers rewards = {0, 1, 2}, values = {.5, .25, 1};
  // δ = 0 + .9·.25 − .5, 1 + .9·1 − .25, 2 + .9·3 − 1; γλ = .45
  const double d0 = -.275, d1 = 1.65, d2 = 3.7;
  check_close(
      generalised_advantages(rewards, values, {.discount = .9, .lambda = .5, .bootstrap = 3}),
      {d0 + .45 * (d1 + .45 * d2), d1 + .45 * d2, d2});
  // λ = 0: one step of temporal difference; λ = γ = 1: the return less the value.
  check_close(
      generalised_advantages(rewards, values, {.discount = .9, .lambda = 0, .bootstrap = 3}),
      {d0, d1, d2});
  check_close(generalised_advantages(rewards, values, {.discount = 1, .lambda = 1, .bootstrap = 0}),
              {2.5, 2.75, 1});
  CHECK(generalised_advantages({}, {}, {}).empty());
}

TEST_CASE("learnability and the penalty of length", "[advantages]") {
  CHECK(learnability(0) == 0);
  CHECK(learnability(1) == 0);
  CHECK(learnability(0.5) == 1);
  CHECK(learnability(0.25) == 0.75);
  CHECK(overlong_penalty(10, 40, 20) == 0);
  CHECK(overlong_penalty(20, 40, 20) == 0);
  CHECK(overlong_penalty(25, 40, 20) == -0.25);
  CHECK(overlong_penalty(40, 40, 20) == -1);
  CHECK(overlong_penalty(99, 40, 20) == -1);
}

Step valued(const std::string& text, std::optional<float> q) {
  Step step = step_of(text);
  step.q = q;
  return step;
}

TEST_CASE("step advantages are Q less the mean over the state, or the group", "[advantages]") {
  check_close(proposal_advantages(std::vector<float>{.5F, 1, 0}), {0, .5, -.5});
  CHECK(proposal_advantages({}).empty());
  AttemptGroup group;
  group.attempts.resize(3);
  group.attempts[0].steps = {valued("a", .5F), valued("b", 1.F)};
  group.attempts[1].steps = {valued("a", .5F), valued("c", .5F), valued("d", .25F)};
  group.attempts[2].steps = {valued("x", .125F), valued("b", {})};
  auto got = step_advantages(group, StepBaseline::kState);
  const double start = (.5 + .5 + .125) / 3;
  check_close(got[0], {.5 - start, .25});      // in state "a": b 1, c .5
  check_close(got[1], {.5 - start, -.25, 0});  // only this one passed after c
  check_close(got[2], {.125 - start, 0});      // no Q
  got = step_advantages(group, StepBaseline::kGroup);
  const double all = (.5 + 1 + .5 + .5 + .25 + .125) / 6;
  check_close(got[0], {.5 - all, 1 - all});
  check_close(got[2], {.125 - all, 0});
}

// As generated: every character a token, closed.
Trajectory generated(const std::string& text, Outcome outcome, float temperature = 1) {
  const auto tokenizer = Tokenizer::make(kArithmeticCharacters).value();
  Generation generation;
  generation.text = text;
  generation.tokens = tokenizer.encode(text).value();
  for (std::size_t i = 0; i < text.size(); ++i)
    generation.logprobs.push_back(-0.125F * static_cast<float>(i + 1));
  Trajectory t;
  t.problem = "1+2";
  t.steps = steps_of(generation, 1, 0);
  t.outcome = outcome;
  t.temperature = temperature;
  return t;
}

TEST_CASE("a batch has every generated token with its step's advantage", "[advantages]") {
  const auto tokenizer = Tokenizer::make(kArithmeticCharacters).value();
  const auto two = generated("4=3;", Outcome::kLucky, 0.5F), one = generated("3;", Outcome::kWon);
  const std::vector<AdvantagedAttempt> attempts = {{&two, {.5, -1}}, {&one, {2}}};
  auto batch = policy_gradient_batch(tokenizer, attempts, TokenMean::kToken, 10);
  REQUIRE(batch.tokens.rows == 2);
  REQUIRE(batch.tokens.length == 9);
  CHECK(tokenizer.decode(batch.tokens.tokens) == ";1+2=4=3;;1+2=3;;;");
  const float w = 1.0F / 6;
  CHECK(batch.tokens.weights ==
        std::vector<float>{0, 0, 0, 0, 0, w, w, w, w, 0, 0, 0, 0, 0, w, w, 0, 0});
  CHECK(batch.advantages ==
        std::vector<float>{0, 0, 0, 0, 0, .5, .5, -1, -1, 0, 0, 0, 0, 0, 2, 2, 0, 0});
  CHECK(batch.behaviour_logprobs == std::vector<float>{0, 0, 0, 0, 0, -.125, -.25, -.375, -.5, 0, 0,
                                                       0, 0, 0, -.125, -.25, 0, 0});
  CHECK(batch.temperatures == std::vector<float>{.5, 1});
  CHECK(batch.left_out == 0);
  batch = policy_gradient_batch(tokenizer, attempts, TokenMean::kAttempt, 10);
  CHECK(batch.tokens.weights[5] == 0.125F);  // two attempts, four tokens
  CHECK(batch.tokens.weights[14] == 0.25F);
  batch = policy_gradient_batch(tokenizer, attempts, TokenMean::kConstant, 10);
  CHECK(batch.tokens.weights[5] == 0.05F);
  CHECK(batch.tokens.weights[14] == 0.05F);
}

TEST_CASE("attempts that no ratio can be formed for are left out", "[advantages]") {
  const auto tokenizer = Tokenizer::make(kArithmeticCharacters).value();
  const auto fine = generated("3;", Outcome::kWon);
  const auto greedy = generated("3;", Outcome::kWon, 0);
  auto bare = fine, foreign = fine, unknown = fine, infinite = fine;
  bare.steps[0].logprobs.clear();
  foreign.problem = "x";
  unknown.steps[0].tokens[0] = 99;
  infinite.steps[0].logprobs[0] = -INFINITY;
  const Trajectory empty;
  std::vector<AdvantagedAttempt> attempts;
  const std::vector<const Trajectory*> all = {&fine, &greedy, &bare, &foreign, &unknown, &infinite};
  for (const auto* t : all) attempts.push_back({t, {1}});
  attempts.push_back({&empty, {}});
  const auto batch = policy_gradient_batch(tokenizer, attempts, TokenMean::kToken, 10);
  CHECK(batch.tokens.rows == 1);
  CHECK(batch.left_out == 6);
  CHECK(policy_gradient_batch(tokenizer, {}, TokenMean::kAttempt, 10).tokens.rows == 0);
}

TEST_CASE("groups that all won or all lost are dropped, long attempts pay", "[advantages]") {
  AttemptGroup group;
  group.attempts = {generated("3;", Outcome::kWon), generated("4=3;", Outcome::kLucky)};
  PolicyGradientConfig config;
  config.baseline = "centred";
  config.overlong_ramp = 8;  // of 10: 4 tokens pay 2/8
  std::vector<AdvantagedAttempt> attempts;
  append_group(group, config, 10, attempts);
  CHECK(attempts.empty());
  config.drop_equal = false;
  append_group(group, config, 10, attempts);
  REQUIRE(attempts.size() == 2);
  check_close(attempts[0].advantages, {.125});
  check_close(attempts[1].advantages, {-.125, -.125});
  config = {};
  group.attempts[1].outcome = Outcome::kLost;
  append_group(group, config, 10, attempts);
  REQUIRE(attempts.size() == 4);
  CHECK(attempts[3].attempt == &group.attempts[1]);
  check_close(attempts[3].advantages, {-1, -1});
  for (auto& attempt : group.attempts)
    for (auto& step : attempt.steps) step.q = step.text == "4" ? 0.25F : 0.75F;
  append_steps(group, StepBaseline::kState, attempts);
  check_close(attempts[4].advantages, {.25});
  check_close(attempts[5].advantages, {-.25, 0});
}

TEST_CASE("a policy-gradient configuration survives printing; words are checked", "[advantages]") {
  PolicyGradientConfig config, back;
  config.baseline = "leave_one_out";
  config.token_mean = "constant";
  config.clip_high = 0.31;
  REQUIRE(parse_config(print_config(describe_of(config)), "test", {}, describe_of(back)));
  CHECK(back == config);
  CHECK(group_baseline(back) == GroupBaseline::kLeaveOneOut);
  CHECK(token_mean(back) == TokenMean::kConstant);
  CHECK(group_baseline({}) == GroupBaseline::kGroup);
  CHECK(token_mean({}) == TokenMean::kToken);
  CHECK_FALSE(parse_config("baseline = \"best\"", "test", {}, describe_of(back)));
}

}  // namespace
}  // namespace qstar

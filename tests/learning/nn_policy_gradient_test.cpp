// Policy-gradient losses against numbers worked out by hand and finite differences, and a policy
// that improves by them.
#include <ATen/ATen.h>

#include <cmath>
#include <functional>

#include "learning/nn/policy_gradient_loss.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/models.hpp"
#include "tests/support/small_sums.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace model;
using namespace learning;
namespace {

at::Tensor numbers(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

double at_index(const at::Tensor& t, std::int64_t i) { return t[i].item<double>(); }

// The gradient of f at x, and by central differences.
void check_gradient(const std::function<at::Tensor(const at::Tensor&)>& f, const at::Tensor& x) {
  const auto leaf = x.clone().requires_grad_();
  f(leaf).sum().backward();
  constexpr double h = 1e-6;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    auto up = x.clone(), down = x.clone();
    up.view(-1)[i] += h;
    down.view(-1)[i] -= h;
    const double slope = ((f(up).sum() - f(down).sum()) / (2 * h)).item<double>();
    CHECK(leaf.grad().view(-1)[i].item<double>() == Approx(slope).margin(1e-6));
  }
}

TEST_CASE("the clipped surrogate, worked out by hand", "[nn]") {
  PolicyGradientConfig config;  // clips at .8 and 1.28
  const auto ratios = numbers({1.1, 1.5, 1.5, 0.5, 0.5, 1});
  const auto advantages = numbers({2, 2, -2, 2, -2, 3});
  const auto proximal = numbers({-1, -1, -1, -1, -1, -1});
  const auto logprobs = ratios.log() + proximal;
  const auto on_policy = nn::clipped_surrogate(logprobs, proximal, proximal, advantages, config);
  // Only what has gone far in the right direction is held.
  const std::vector<double> loss = {-2.2, -2.56, 3, -1, 1.6, -3}, clipped = {0, 1, 0, 0, 1, 0};
  for (std::int64_t i = 0; i < 6; ++i) {
    CHECK(at_index(on_policy.loss, i) == Approx(loss[static_cast<std::size_t>(i)]));
    CHECK(at_index(on_policy.clipped, i) == clipped[static_cast<std::size_t>(i)]);
  }
  check_gradient(
      [&](const at::Tensor& x) {
        return nn::clipped_surrogate(x, proximal, proximal, advantages, config).loss;
      },
      logprobs);
}

TEST_CASE("older samples weigh by the proximal policy's ratio, up to the cap", "[nn]") {
  PolicyGradientConfig config;
  const auto proximal = numbers({-1, -1, -1});
  const auto behaviour = proximal - numbers({0.5, 1.5, 50}).log();
  const auto one = numbers({1, 1, 1});
  const auto loss = nn::clipped_surrogate(proximal, proximal, behaviour, one, config).loss;
  CHECK(at_index(loss, 0) == Approx(-0.5));
  CHECK(at_index(loss, 1) == Approx(-1.5));
  CHECK(at_index(loss, 2) == Approx(-2));
  // The weight is a number: no gradient goes through it.
  const auto x = proximal.clone().requires_grad_();
  nn::clipped_surrogate(x, x, behaviour, one, config).loss.sum().backward();
  CHECK(at_index(x.grad(), 0) == Approx(-0.5));
  const auto far =
      nn::clipped_surrogate(numbers({900}), numbers({-900}), numbers({0}), numbers({-1}), config);
  CHECK(std::isfinite(at_index(far.loss, 0)));
}

// p of three tokens under the policy that sampled them, the proximal one, and the present one:
//   .2, .3, .33: r = 1.1, w = 1.5;  .1, .4, .6: r = 1.5, w = 4;  .5, .25, .1: r = .4, w = .5
// with advantages 2, −1 and −1, and the loss's gradient by the present log p: the loss itself,
// since r is its own derivative, or 0 where a token is clipped.
TEST_CASE("three corrections for older samples, worked out by hand", "[nn]") {
  const auto behaviour = numbers({0.2, 0.1, 0.5}).log(), proximal = numbers({0.3, 0.4, 0.25}).log(),
             present = numbers({0.33, 0.6, 0.1}).log(), advantages = numbers({2, -1, -1});
  const auto check = [&](const std::string& correction, double cap, const at::Tensor& centre,
                         const std::vector<double>& loss, const std::vector<double>& gradient) {
    INFO(correction << " " << cap);
    PolicyGradientConfig config;  // clips at .8 and 1.28
    config.correction = correction;
    config.importance_cap = cap;
    const auto x = present.clone().requires_grad_();
    const auto got = nn::clipped_surrogate(x, centre, behaviour, advantages, config);
    got.loss.sum().backward();
    for (std::int64_t i = 0; i < 3; ++i) {
      const auto at = static_cast<std::size_t>(i);
      CHECK(at_index(got.loss, i) == Approx(loss[at]));
      CHECK(at_index(x.grad(), i) == Approx(gradient[at]).margin(1e-12));
      CHECK(at_index(got.clipped, i) == (gradient[at] == 0 ? 1 : 0));
    }
  };
  // −w·r·A; the last one is held at r = .8.
  check("decoupled", 2, proximal, {-1.5 * 1.1 * 2, 2 * 1.5, 0.5 * 0.8}, {-3.3, 3, 0});
  check("decoupled", 3, proximal, {-3.3, 3 * 1.5, 0.4}, {-3.3, 4.5, 0});
  check("decoupled", 9, proximal, {-3.3, 4 * 1.5, 0.4}, {-3.3, 6, 0});
  check("none", 2, proximal, {-1.1 * 2, 1.5, 0.8}, {-2.2, 1.5, 0});
  // r = 1.65, held at 1.28; 6; .2, held at .8.
  check("clipped", 2, proximal, {-1.28 * 2, 6, 0.8}, {0, 6, 0});
  // Without a proximal policy no correction is made.
  for (const auto* correction : {"decoupled", "clipped", "none"})
    check(correction, 0.5, at::Tensor(), {-2.56, 6, 0.8}, {0, 6, 0});
}

TEST_CASE("k3 is never negative, and its mean is the divergence", "[nn]") {
  const auto p = numbers({0.2, 0.5, 0.3}), q = numbers({0.25, 0.35, 0.4});
  const auto k3 = nn::k3_divergence(p.log(), q.log());
  for (std::int64_t i = 0; i < 3; ++i) {
    const double d = std::log(at_index(q, i) / at_index(p, i));
    CHECK(at_index(k3, i) == Approx(std::exp(d) - d - 1));
    CHECK(at_index(k3, i) >= 0);
  }
  CHECK((p * k3).sum().item<double>() == Approx((p * (p.log() - q.log())).sum().item<double>()));
  CHECK(nn::k3_divergence(p.log(), p.log()).abs().sum().item<double>() == 0);
  CHECK(std::isfinite(nn::k3_divergence(numbers({-900}), numbers({0}))[0].item<double>()));
  check_gradient([&](const at::Tensor& x) { return nn::k3_divergence(x, q.log()); }, p.log());
}

TEST_CASE("log-probabilities are those of the temperature, and entropy is theirs", "[nn]") {
  const auto logits = at::tensor(std::vector<double>{0, 2, 1, 0}, at::kDouble).view({2, 1, 2});
  const auto two = at::cat({logits, logits}, 1);  // [2,2,2]; the last place asks nothing
  const auto tokens = at::tensor(std::vector<std::int64_t>{0, 1, 0, 1}).view({2, 2});
  const auto got = nn::token_logprobs(two, tokens, numbers({1, 0.5}));
  REQUIRE(got.taken.sizes() == at::IntArrayRef{2, 1});
  CHECK(got.taken[0][0].item<double>() == Approx(-std::log1p(std::exp(-2))));
  CHECK(got.taken[1][0].item<double>() == Approx(-std::log1p(std::exp(2))));
  const double p = 1 / (1 + std::exp(-2));
  CHECK(nn::entropy(got.all)[0][0].item<double>() ==
        Approx(-p * std::log(p) - (1 - p) * std::log(1 - p)));
  check_gradient([](const at::Tensor& x) { return nn::entropy(at::log_softmax(x, -1)); }, two);
}

TEST_CASE("the clipped value loss, worked out by hand", "[nn]") {
  const auto values = numbers({1, 0.3, -1}), old = numbers({0.5, 0.25, 0}),
             returns = numbers({1, 1, 1}), weights = numbers({1, 2, 1});
  // Held within ±.1: .6, .3, −.1. The larger error counts: .4, .7, and 2 against 1.1.
  const double expected = 0.5 * (0.16 + 2 * 0.49 + 4) / 4;
  CHECK(nn::clipped_value_loss(values, old, returns, weights, 0.1).item<double>() ==
        Approx(expected));
  check_gradient(
      [&](const at::Tensor& x) { return nn::clipped_value_loss(x, old, returns, weights, 0.1); },
      values);
}

// Two sampled attempts at 1+2, one of them right.
AttemptGroup pair(const ModelFile& model, float temperature) {
  inference::DecoderPolicy policy(inference::DecoderWeights::make(model, 1).value());
  const auto environment = environment::make_environment({}).value();
  const std::vector<std::string> problems = {"1+2+3"};
  const auto search = search::make_search("sample").value();
  auto groups =
      search::groups_of(search
                            .attempt(*environment, {policy}, problems,
                                     {.samples = 2, .temperature = temperature, .max_tokens = 9})
                            .value());
  groups[0].attempts[0].outcome = Outcome::kWon;
  groups[0].attempts[1].outcome = Outcome::kLost;
  return groups[0];
}

PolicyGradientBatch batch_of(const AttemptGroup& group, const PolicyGradientConfig& config) {
  std::vector<AdvantagedAttempt> attempts;
  append_group(group, config, 9, attempts);
  return policy_gradient_batch(Tokenizer::make(kArithmeticCharacters).value(), attempts,
                               token_mean(config), 9);
}

TEST_CASE("the learner agrees with the decoder on what it sampled", "[nn]") {
  const auto model = testing::random_model(3, {2, 32, 2, 48, 1000});
  for (const float temperature : {1.0F, 0.7F}) {
    const auto batch = batch_of(pair(model, temperature), {});
    const auto logprobs = PolicyLearner(model).logprobs(batch.tokens, batch.temperatures);
    REQUIRE(logprobs.size() == batch.behaviour_logprobs.size());
    for (std::size_t i = 0; i < logprobs.size(); ++i) {
      if (batch.tokens.weights[i] == 0) continue;
      CHECK(logprobs[i] == Approx(batch.behaviour_logprobs[i]).margin(1e-3));
    }
  }
}

TEST_CASE("log-probabilities do not depend on the rows beside them", "[nn]") {
  const PolicyLearner policy(testing::random_model(3, {1, 32, 2, 48, 1000}));
  Rng rng(1);
  TokenBatch all{130, 20, {}, std::vector<float>(2600, 1)};  // more than two parts
  for (int i = 0; i < 2600; ++i) all.tokens.push_back(static_cast<std::int32_t>(rng.below(18)));
  std::vector<float> temperatures;
  for (int row = 0; row < 130; ++row)
    temperatures.push_back(0.5F + 0.01F * static_cast<float>(row));
  const auto got = policy.logprobs(all, temperatures);
  REQUIRE(got.size() == 2600);
  for (const std::size_t row : {0U, 50U, 51U, 52U, 101U, 102U, 129U}) {
    const auto* from = all.tokens.data() + row * 20;
    const TokenBatch one{1, 20, {from, from + 20}, std::vector<float>(20, 1)};
    const auto alone = policy.logprobs(one, std::span(temperatures).subspan(row, 1));
    for (std::size_t i = 0; i < 20; ++i) CHECK(got[row * 20 + i] == Approx(alone[i]).margin(1e-4));
  }
}

TEST_CASE("an update makes the right attempt likelier, the wrong one less, and repeats", "[nn]") {
  const auto model = testing::random_model(3, {1, 32, 2, 48, 1000});
  PolicyLearner a(model), b(model);
  const auto batch = batch_of(pair(model, 1), {});
  const auto before = a.logprobs(batch.tokens, batch.temperatures);
  const auto stats = a.update_policy_gradient(batch, {}, 1).value();
  double expected = 0;  // every ratio is 1
  for (std::size_t i = 0; i < before.size(); ++i)
    expected -= batch.tokens.weights[i] * batch.advantages[i];
  CHECK(stats.loss == Approx(expected).margin(1e-3));
  CHECK(stats.kl == 0);
  CHECK(stats.clipped == 0);
  CHECK(stats.gradient_norm > 0);
  const auto after = a.logprobs(batch.tokens, batch.temperatures);
  double gained = 0;
  for (std::size_t i = 0; i < after.size(); ++i)
    gained += batch.advantages[i] * (after[i] - before[i]);
  CHECK(gained > 0);
  b.update_policy_gradient(batch, {}, 1).value();
  CHECK(a.save() == b.save());
  const auto saved = a.save();
  CHECK(a.update_policy_gradient({}, {}, 1).value().tokens == 0);
  CHECK(a.save() == saved);
}

TEST_CASE("an older batch weighs by the learner's log-probabilities before it", "[nn]") {
  const auto model = testing::random_model(3, {1, 32, 2, 48, 1000});
  const PolicyGradientConfig config;
  auto batch = batch_of(pair(model, 1), config);
  batch.proximal_logprobs = PolicyLearner(model).logprobs(batch.tokens, batch.temperatures);
  batch.advantages.assign(batch.advantages.size(), 0.75F);
  double advantage = 0;
  for (std::size_t i = 0; i < batch.advantages.size(); ++i)
    advantage += batch.tokens.weights[i] * batch.advantages[i];
  REQUIRE(std::abs(advantage) > 0.01);
  const auto loss = [&](float older) {
    for (std::size_t i = 0; i < batch.advantages.size(); ++i)
      batch.behaviour_logprobs[i] = batch.proximal_logprobs[i] - older;
    return PolicyLearner(model).update_policy_gradient(batch, config, 1).value().loss;
  };
  CHECK(loss(0.5F) == Approx(-std::exp(0.5) * advantage).epsilon(1e-3));
  CHECK(loss(2) == Approx(-config.importance_cap * advantage).epsilon(1e-3));
}

TEST_CASE("the KL penalty pulls back to the reference", "[nn]") {
  const auto model = testing::random_model(3, {1, 32, 2, 48, 1000});
  const PolicyLearner reference(model);
  PolicyGradientConfig config;
  config.kl_weight = 10;
  auto batch = batch_of(pair(model, 1), config);
  batch.reference_logprobs = reference.logprobs(batch.tokens, batch.temperatures);
  const auto drift = [&](const PolicyGradientConfig& c) {
    PolicyLearner learner(model);
    double kl = 0;
    for (int i = 0; i < 40; ++i) kl = learner.update_policy_gradient(batch, c, 1).value().kl;
    return kl;
  };
  PolicyGradientConfig loose = config;
  loose.kl_weight = 0;
  const double held = drift(config), free = drift(loose);
  CAPTURE(held, free);
  CHECK(held < 0.5 * free);
}

TEST_CASE("group-relative updates raise the share of held-out problems won", "[nn][learning]") {
  const auto environment = environment::make_environment(testing::small_sums()).value();
  const auto tokenizer = Tokenizer::make(kArithmeticCharacters).value();
  PolicyLearner learner(testing::noisy_learner(*environment).model());
  const auto won = [&] {
    double wins = 0;
    const auto groups = testing::sampled_groups(*environment, learner.model(),
                                                environment::Split::kHeldOut, 100, 8);
    for (const auto& group : groups) wins += group.pass_rate();
    return wins / static_cast<double>(groups.size());
  };
  const double before = won();
  const auto search = search::make_search("sample").value();
  const PolicyGradientConfig config;
  Rng rng(4);
  for (std::uint64_t round = 0; round < 14; ++round) {
    std::vector<std::string> problems;
    for (int i = 0; i < 48; ++i)
      problems.push_back(environment->sample_problem(rng, environment::Split::kTraining));
    inference::DecoderPolicy policy(
        inference::DecoderWeights::make(learner.model(), round + 1).value());
    const auto groups =
        search::groups_of(search
                              .attempt(*environment, {policy}, problems,
                                       {.samples = 8, .max_tokens = 32, .first_group = 48 * round})
                              .value());
    std::vector<AdvantagedAttempt> attempts;
    for (const auto& group : groups) append_group(group, config, 32, attempts);
    const auto batch = policy_gradient_batch(tokenizer, attempts, token_mean(config), 32);
    for (int i = 0; i < 2; ++i) learner.update_policy_gradient(batch, config, 1).value();
  }
  const double after = won();
  CAPTURE(before, after);
  CHECK(after > before + 0.15);
}

}  // namespace
}  // namespace qstar

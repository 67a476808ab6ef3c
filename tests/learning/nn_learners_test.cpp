// The learners as their users see them: they learn, repeat bit for bit and resume from a save.
#include <ATen/ATen.h>

#include <cmath>
#include <cstring>

#include "data/attempt.hpp"
#include "inference/decoder_scorer.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/nn/state_losses.hpp"
#include "learning/reward/reward_learner.hpp"
#include "model/models.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/models.hpp"
#include "tests/support/small_sums.hpp"
// After torch: both have a CHECK.
#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
using namespace model;
using namespace learning;
namespace {

Tokenizer tokenizer() { return Tokenizer::make(kArithmeticCharacters).value(); }

// Solutions of random training problems by the exact solver.
TokenBatch solutions(const Environment& environment, Rng& rng, std::size_t n) {
  std::vector<std::string> texts;
  while (texts.size() < n) {
    const auto problem = environment.sample_problem(rng, Split::kTraining);
    const auto steps = environment.solve(environment.reset(problem).value()).value();
    Trajectory work;
    work.problem = problem;
    work.outcome = Outcome::kWon;
    for (const auto& step : steps) work.steps.push_back(step_of(step, Verdict::kRight));
    texts.push_back(text_of(work));
  }
  return batch_of_solutions(tokenizer(), texts, std::vector<float>(n, 1));
}

double held_out_accuracy(const Environment& environment, const ModelFile& model) {
  inference::DecoderPolicy policy(inference::DecoderWeights::make(model, 1).value());
  const auto problems = search::held_out_problems(environment, 200);
  return search::evaluate(search::make_search("greedy").value(), environment, {policy}, problems,
                          {})
      ->accuracy;
}

TEST_CASE("a small policy learns sums that it has never seen", "[nn][learning]") {
  const auto environment = make_environment(testing::small_sums()).value();
  PolicyLearner learner({2, 48, 4, 48, 1000}, tokenizer(), 1);
  CHECK(held_out_accuracy(*environment, learner.model()) < 0.3);
  Rng rng(1);
  OptimizerConfig config;
  config.warmup = 20;
  const int steps = 600;
  for (int i = 0; i < steps; ++i)
    learner.update(solutions(*environment, rng, 32), config, schedule(config, i, steps)).value();
  CHECK(held_out_accuracy(*environment, learner.model()) >= 0.8);
}

TEST_CASE("a policy learner repeats itself and goes on after a save, bit for bit", "[nn]") {
  const auto environment = make_environment({}).value();
  const ModelSpec spec{1, 32, 2, 64, 1000};
  PolicyLearner a(spec, tokenizer(), 3), b(spec, tokenizer(), 3), c(spec, tokenizer(), 4);
  CHECK(serialize(a.model()) == serialize(b.model()));
  CHECK(serialize(a.model()) != serialize(c.model()));
  const OptimizerConfig config;
  const auto train = [&](PolicyLearner& learner, std::uint64_t seed) {
    Rng rng(seed);
    for (int i = 0; i < 3; ++i) learner.update(solutions(*environment, rng, 8), config, 1).value();
  };
  train(a, 1);
  train(b, 1);
  CHECK(a.save() == b.save());
  const auto saved = a.save();
  train(a, 2);
  REQUIRE(c.load(saved, "state"));
  train(c, 2);
  CHECK(a.save() == c.save());

  const auto before = c.save();
  for (const auto& bad : {std::string(), saved.substr(0, saved.size() / 2), saved + "x"}) {
    const auto loaded = c.load(bad, "state");
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == Errc::kCorrupt);
    CHECK(c.save() == before);
  }
}

// The same bytes with another number in place of the last one.
std::string with_last(std::string bytes, float number) {
  std::memcpy(bytes.data() + bytes.size() - sizeof number, &number, sizeof number);
  return bytes;
}

template <class Learner>
void refuses_what_is_not_finite(Learner& learner) {
  const auto before = learner.save();
  const std::size_t first = 8;  // behind a scorer's counter
  for (const float bad : {NAN, -INFINITY}) {
    auto weight = before;
    std::memcpy(weight.data() + first, &bad, sizeof bad);
    const auto moment = learner.load(with_last(before, bad), "run/7/it");
    REQUIRE_FALSE(moment);
    CHECK(moment.error().code == Errc::kCorrupt);
    CHECK(moment.error().message.starts_with("run/7/it: the "));
    CHECK(moment.error().message.find(" moment of tensor '") != std::string::npos);
    const auto parameter = learner.load(weight, "run/7/it");
    REQUIRE_FALSE(parameter);
    CHECK(parameter.error().message.starts_with("run/7/it: tensor '"));
    CHECK(learner.save() == before);
  }
  CHECK(learner.load(before, "run/7/it"));
}

TEST_CASE("a saved state with a number that is not finite is refused", "[nn]") {
  PolicyLearner policy({1, 32, 2, 64, 1000}, tokenizer(), 3);
  refuses_what_is_not_finite(policy);
  policy.swap_optimizer();
  refuses_what_is_not_finite(policy);
  const auto model = testing::random_model(2, {1, 32, 2, 48, 1000});
  CriticLearner critic(model, 1);
  refuses_what_is_not_finite(critic);
  RewardLearner reward(model, ScorerRole::kProcess, 1);
  refuses_what_is_not_finite(reward);
}

TEST_CASE("a batch in parts teaches what it teaches as a whole", "[nn]") {
  EnvironmentConfig hard;
  hard.family = "hard";
  const auto environment = make_environment(hard).value();
  Rng rng(7);
  TokenBatch batch = solutions(*environment, rng, 24);
  for (std::size_t i = 0; i < batch.weights.size(); ++i) batch.weights[i] *= i % 3 == 0 ? 2 : 1;
  // The same rows, padded until they are too large to stay whole.
  TokenBatch longer{batch.rows, kWholePlaces / batch.rows + 1, {}, {}};
  const auto width = static_cast<std::size_t>(batch.length);
  for (std::size_t row = 0; row < static_cast<std::size_t>(batch.rows); ++row) {
    const auto from = static_cast<std::ptrdiff_t>(row * width), to = from + batch.length;
    const auto end = (row + 1) * static_cast<std::size_t>(longer.length);
    longer.tokens.insert(longer.tokens.end(), batch.tokens.begin() + from,
                         batch.tokens.begin() + to);
    longer.weights.insert(longer.weights.end(), batch.weights.begin() + from,
                          batch.weights.begin() + to);
    longer.tokens.resize(end, Tokenizer::kEndToken);
    longer.weights.resize(end, 0.0F);
  }
  REQUIRE(split_by_length(batch).size() == 1);
  REQUIRE(split_by_length(longer).size() > 1);

  const std::string scopes = GENERATE("", "apdC");
  const ModelSpec spec{1, 32, 4, 256, 1000, scopes};
  PolicyLearner whole(spec, tokenizer(), 3), parts(spec, tokenizer(), 3),
      again(spec, tokenizer(), 3);
  const auto a = whole.update(batch, {}, 1).value();
  const auto b = parts.update(longer, {}, 1).value();
  CHECK(b.loss == Approx(a.loss).epsilon(1e-5));
  CHECK(b.gradient_norm == Approx(a.gradient_norm).epsilon(1e-4));
  CHECK(b.tokens == longer.rows * longer.length);
  CHECK(parts.loss(batch) == Approx(whole.loss(batch)).epsilon(1e-4));
  CHECK(whole.loss(batch) < a.loss);
  again.update(longer, {}, 1).value();
  CHECK(again.save() == parts.save());
}

TEST_CASE("moments that are put aside know nothing of the work in between", "[nn]") {
  const auto environment = make_environment({}).value();
  const ModelSpec spec{1, 32, 2, 64, 1000};
  PolicyLearner plain(spec, tokenizer(), 3), aside(spec, tokenizer(), 3),
      mixed(spec, tokenizer(), 3);
  OptimizerConfig still;  // moments move, weights do not
  still.muon_rate = still.adamw_rate = 0;
  const auto train = [&](PolicyLearner& learner, std::uint64_t seed,
                         const OptimizerConfig& config) {
    Rng rng(seed);
    for (int i = 0; i < 3; ++i) learner.update(solutions(*environment, rng, 8), config, 1).value();
  };
  for (auto* learner : {&plain, &aside, &mixed}) train(*learner, 1, {});
  aside.swap_optimizer();
  train(aside, 2, still);
  aside.swap_optimizer();
  train(mixed, 2, still);
  for (auto* learner : {&plain, &aside, &mixed}) train(*learner, 3, {});
  CHECK(serialize(aside.model()) == serialize(plain.model()));
  CHECK(serialize(mixed.model()) != serialize(plain.model()));

  // Both kinds of moments are saved, and a save without replaces one with.
  PolicyLearner again(spec, tokenizer(), 4);
  REQUIRE(again.load(aside.save(), "state"));
  CHECK(again.save() == aside.save());
  for (auto* learner : {&aside, &again}) {
    learner->swap_optimizer();
    train(*learner, 4, {});
  }
  CHECK(again.save() == aside.save());
  REQUIRE(again.load(plain.save(), "state"));
  CHECK(again.save() == plain.save());
  const auto before = aside.save();
  REQUIRE_FALSE(aside.load(before.substr(0, before.size() - 1), "state"));
  CHECK(aside.save() == before);
}

TEST_CASE("updates lower the loss that they are given", "[nn]") {
  const auto environment = make_environment({}).value();
  PolicyLearner learner({1, 32, 2, 64, 1000}, tokenizer(), 3);
  Rng rng(1);
  const auto batch = solutions(*environment, rng, 16);
  const double before = learner.loss(batch);
  OptimizerConfig config;
  for (int i = 0; i < 10; ++i)
    CHECK(learner.update(batch, config, 1).value().tokens == batch.rows * batch.length);
  CHECK(learner.loss(batch) < 0.7 * before);
}

// Attempts at "a+b" that are right or off by one.
AttemptGroup right_and_wrong(std::uint64_t id, Rng& rng) {
  AttemptGroup group{id, {}};
  const auto a = rng.between(0, 9), b = rng.between(0, 9);
  for (std::uint32_t s = 0; s < 4; ++s) {
    const bool right = s % 2 == 0;
    Trajectory attempt;
    attempt.id = {id, s};
    attempt.problem = std::to_string(a) + "+" + std::to_string(b);
    attempt.steps = {step_of(std::to_string(a + b + (right ? 0 : 1)),
                             right ? Verdict::kRight : Verdict::kWrongValue)};
    attempt.outcome = right ? Outcome::kWon : Outcome::kLost;
    group.attempts.push_back(std::move(attempt));
  }
  return group;
}

// How well a critic separates right from wrong steps after this many updates.
double taught_auc(CriticLearner& critic, const CriticConfig& config, int updates) {
  Rng rng(5), fresh(99);
  for (int i = 0; i < updates; ++i) {
    std::vector<AttemptGroup> groups;
    for (std::uint64_t g = 0; g < 8; ++g) groups.push_back(right_and_wrong(g, rng));
    std::vector<WeightedGroup> batch;
    for (const auto& group : groups) batch.push_back({&group, 1});
    const auto stats = critic.update(batch, config, 1).value();
    REQUIRE(stats.priorities.size() == 8);
  }
  std::vector<Trajectory> attempts;
  for (std::uint64_t g = 0; g < 100; ++g) {
    for (auto& attempt : right_and_wrong(g, fresh).attempts) attempts.push_back(std::move(attempt));
  }
  return assess(attempts, critic.step_values(attempts)).step_auc;
}

TEST_CASE("a critic learns from wins to separate right steps from wrong ones", "[nn][learning]") {
  CriticLearner critic(testing::random_model(1, {1, 32, 2, 48, 1000}), 1);
  CHECK(taught_auc(critic, {}, 0) < 0.75);
  CHECK(taught_auc(critic, {}, 600) > 0.9);
}

TEST_CASE("a critic learns with every target, two heads and a penalty", "[nn][learning]") {
  CriticConfig config;
  config.target = GENERATE("n_step", "max_backup", "expected_backup", "kept_chance");
  config.dueling = true;
  config.conservative = 0.1;
  CAPTURE(config.target);
  CriticLearner critic(testing::random_model(1, {1, 32, 2, 48, 1000}), 1, heads_of(config));
  CHECK(taught_auc(critic, config, 400) > 0.85);
}

TEST_CASE("a critic can learn from some attempts of a group, and see all", "[nn]") {
  const auto model = testing::random_model(2, {1, 32, 2, 48, 1000});
  Rng rng(1);
  auto group = right_and_wrong(1, rng);
  const auto tokens = [&](std::int64_t most) {
    CriticConfig config;
    config.target = "max_backup";
    config.attempts_per_group = most;
    const WeightedGroup batch{&group, 1};
    return CriticLearner(model, 1).update(std::span(&batch, 1), config, 1).value().tokens;
  };
  CHECK(tokens(0) == tokens(9));
  CHECK(tokens(2) <= tokens(0) / 2);
  // One attempt, that runs out of tokens at a state from which another one wins.
  Trajectory cut, won;
  cut.problem = won.problem = "1+2";
  cut.steps = {step_of("3")};
  cut.steps[0].tokens = {5, 1};
  won.steps = {step_of("3"), step_of("3")};
  won.outcome = Outcome::kWon;
  group.attempts = {cut, won};
  CriticConfig config;
  config.target = "max_backup";
  config.attempts_per_group = 1;
  config.language_weight = 0;
  config.inside_weight = 0;
  CriticLearner critic(model, 1);
  const float before = critic.step_values(group.attempts)[0][0];
  const WeightedGroup batch{&group, 1};
  for (int i = 0; i < 30; ++i) critic.update(std::span(&batch, 1), config, 1).value();
  CHECK(critic.step_values(group.attempts)[0][0] > before + 0.2F);
}

TEST_CASE("what a state's steps are asked together is worked out by hand", "[nn]") {
  StateIndex index;  // two states; the first step was taken twice
  index.states = {0, 0, 0, 1};
  index.distinct = {0, 2, 3};
  index.size = 2;
  const auto q = at::tensor(std::vector<float>{.5F, .5F, .2F, .9F});
  const double of_first = std::log(std::exp(.5) + std::exp(.2));
  CHECK(nn::conservative_penalty(index, q).item<double>() ==
        Approx((3 * of_first - 1.2 + .9 - .9) / 4));
  CHECK(nn::centring_penalty(index, q).item<double>() == Approx((.35 * .35 + .9 * .9) / 2));
}

double logit(float p) { return std::log(static_cast<double>(p) / (1 - static_cast<double>(p))); }

// Logits of the right and of the wrong step after some updates; of dueling heads the advantage
// alone.
std::pair<double, double> taught_logits(const CriticConfig& config) {
  Rng rng(1);
  const auto group = right_and_wrong(1, rng);
  const WeightedGroup batch{&group, 1};
  CriticLearner critic(testing::random_model(2, {1, 32, 2, 48, 1000}), 1, heads_of(config));
  for (int i = 0; i < 40; ++i) critic.update(std::span(&batch, 1), config, 1).value();
  auto model = critic.model();
  if (config.dueling)
    for (const char* name : {"scorer.value.weight", "scorer.value.bias"})
      for (float& x : model.tensors.at(name).data) x = 0;
  const auto prompt = prompt_of(group.attempts[0].problem, {});
  const std::vector<StepQuery> queries = {{prompt, group.attempts[0].steps[0].text + ";"},
                                          {prompt, group.attempts[1].steps[0].text + ";"}};
  const auto scores = inference::DecoderScorer::make(model).value()->scores(queries);
  return {logit(scores[0]), logit(scores[1])};
}

TEST_CASE("penalties pull to where they are least", "[nn]") {
  CriticConfig plain, conservative, dueling, centred;
  conservative.conservative = 2;
  dueling.dueling = centred.dueling = true;
  dueling.centring = 0;
  centred.centring = 2;
  // Both steps were taken equally often: the conservative penalty is least where they are equal.
  const auto [right, wrong] = taught_logits(plain);
  const auto [held_right, held_wrong] = taught_logits(conservative);
  CAPTURE(right, wrong, held_right, held_wrong);
  CHECK(right - wrong > 1);
  CHECK(std::abs(held_right - held_wrong) < 0.9 * (right - wrong));
  // Centred advantages of a state are nothing together.
  const auto [free_one, free_other] = taught_logits(dueling);
  const auto [one, other] = taught_logits(centred);
  CAPTURE(free_one, free_other, one, other);
  CHECK(std::abs(one + other) < 0.7 * std::abs(free_one + free_other));
}

TEST_CASE("half a step is neither scored nor closed for it", "[nn]") {
  CriticLearner critic(testing::random_model(2, {1, 32, 2, 48, 1000}), 1);
  Trajectory cut;
  cut.problem = "1+2+3";
  cut.steps = {step_of("3+3"), step_of("6")};
  cut.steps[1].tokens = {8};
  AttemptGroup group{1, {cut}};
  const auto rows = critic.step_values(group.attempts);
  REQUIRE(rows[0].size() == 1);
  const StepQuery query{prompt_of(cut.problem, {}), "3+3="};
  CHECK(critic.scores(std::span(&query, 1))[0] == Approx(rows[0][0]).margin(1e-5));
  write_values(critic, group);
  CHECK(group.attempts[0].steps[0].q);
  CHECK(!group.attempts[0].steps[1].q);
  const WeightedGroup batch{&group, 1};
  for (const char* target : {"double_q", "kept_chance"}) {
    CriticConfig config;
    config.target = target;
    const auto stats = critic.update(std::span(&batch, 1), config, 1).value();
    CHECK(stats.priorities.size() == 1);
    CHECK(std::isfinite(stats.loss));
  }
}

TEST_CASE("a critic gives the same values one by one and in attempts, and after a save", "[nn]") {
  const auto model = testing::random_model(2, {1, 32, 2, 48, 1000});
  CriticLearner critic(model, 1), other(model, 2);
  Rng rng(1);
  const auto group = right_and_wrong(1, rng);
  const WeightedGroup batch{&group, 1};
  critic.update(std::span(&batch, 1), {}, 1).value();
  const auto rows = critic.step_values(group.attempts);
  for (std::size_t a = 0; a < group.attempts.size(); ++a) {
    const auto& attempt = group.attempts[a];
    const StepQuery query{prompt_of(attempt.problem, {}), attempt.steps[0].text + ";"};
    CHECK(critic.scores(std::span(&query, 1))[0] == Approx(rows[a][0]).margin(1e-5));
  }
  REQUIRE(other.load(critic.save(), "state"));
  CHECK(other.updates() == 1);
  CHECK(other.step_values(group.attempts) == rows);
  critic.update(std::span(&batch, 1), {}, 1).value();
  other.update(std::span(&batch, 1), {}, 1).value();
  CHECK(other.save() == critic.save());
  CHECK(other.load("junk", "state").error().code == Errc::kCorrupt);
}

}  // namespace
}  // namespace qstar

// The learners as their users see them: they learn, they repeat bit for bit, they go on after a
// save.
#include <catch2/catch.hpp>

#include "core/attempt.hpp"
#include "learning/critic_learner.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/models.hpp"
#include "tests/support/small_sums.hpp"

namespace qstar {
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
  DecoderPolicy policy(DecoderWeights::make(model, 1).value());
  const auto problems = held_out_problems(environment, 200);
  return evaluate(make_search("greedy").value(), environment, {policy}, problems, {})->accuracy;
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
    learner.update(solutions(*environment, rng, 32), config, schedule(config, i, steps));
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
    for (int i = 0; i < 3; ++i) learner.update(solutions(*environment, rng, 8), config, 1);
  };
  train(a, 1);
  train(b, 1);
  CHECK(a.save() == b.save());
  const auto saved = a.save();
  train(a, 2);
  REQUIRE(c.load(saved));
  train(c, 2);
  CHECK(a.save() == c.save());

  const auto before = c.save();
  for (const auto& bad : {std::string(), saved.substr(0, saved.size() / 2), saved + "x"}) {
    const auto loaded = c.load(bad);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == Errc::kCorrupt);
    CHECK(c.save() == before);
  }
}

TEST_CASE("updates lower the loss that they are given", "[nn]") {
  const auto environment = make_environment({}).value();
  PolicyLearner learner({1, 32, 2, 64, 1000}, tokenizer(), 3);
  Rng rng(1);
  const auto batch = solutions(*environment, rng, 16);
  const double before = learner.loss(batch);
  OptimizerConfig config;
  for (int i = 0; i < 10; ++i)
    CHECK(learner.update(batch, config, 1).tokens == batch.rows * batch.length);
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

TEST_CASE("a critic learns from wins to tell right steps from wrong ones", "[nn][learning]") {
  CriticLearner critic(testing::random_model(1, {1, 32, 2, 48, 1000}), 1);
  CriticConfig config;
  Rng rng(5);
  const auto auc = [&] {
    Rng fresh(99);
    std::vector<Trajectory> attempts;
    for (std::uint64_t g = 0; g < 100; ++g) {
      for (auto& attempt : right_and_wrong(g, fresh).attempts)
        attempts.push_back(std::move(attempt));
    }
    return assess(attempts, critic.step_values(attempts)).step_auc;
  };
  const double before = auc();
  for (int i = 0; i < 600; ++i) {
    std::vector<AttemptGroup> groups;
    for (std::uint64_t g = 0; g < 8; ++g) groups.push_back(right_and_wrong(g, rng));
    std::vector<WeightedGroup> batch;
    for (const auto& group : groups) batch.push_back({&group, 1});
    const auto stats = critic.update(batch, config, 1);
    REQUIRE(stats.priorities.size() == 8);
  }
  CHECK(before < 0.75);
  CHECK(auc() > 0.9);
}

TEST_CASE("a critic gives the same values one by one and in attempts, and after a save", "[nn]") {
  const auto model = testing::random_model(2, {1, 32, 2, 48, 1000});
  CriticLearner critic(model, 1), other(model, 2);
  Rng rng(1);
  const auto group = right_and_wrong(1, rng);
  const WeightedGroup batch{&group, 1};
  critic.update(std::span(&batch, 1), {}, 1);
  const auto rows = critic.step_values(group.attempts);
  for (std::size_t a = 0; a < group.attempts.size(); ++a) {
    const auto& attempt = group.attempts[a];
    const StepQuery query{prompt_of(attempt.problem, {}), attempt.steps[0].text + ";"};
    CHECK(critic.scores(std::span(&query, 1))[0] == Approx(rows[a][0]).margin(1e-5));
  }
  REQUIRE(other.load(critic.save()));
  CHECK(other.updates() == 1);
  CHECK(other.step_values(group.attempts) == rows);
  critic.update(std::span(&batch, 1), {}, 1);
  other.update(std::span(&batch, 1), {}, 1);
  CHECK(other.save() == critic.save());
  CHECK(other.load("junk").error().code == Errc::kCorrupt);
}

}  // namespace
}  // namespace qstar

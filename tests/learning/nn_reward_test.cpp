// Reward models learn to separate right from wrong on problems that they have never seen, repeat
// themselves, and go on after a save.
#include <ATen/ATen.h>

#include <cmath>

#include "data/attempt.hpp"
#include "learning/critic/critic_learner.hpp"
#include "learning/nn/transformer.hpp"
#include "learning/reward/reward_learner.hpp"
#include "learning/reward/step_labels.hpp"
#include "model/models.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/models.hpp"
#include "tests/support/small_sums.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace model;
using namespace learning;
namespace {

// What a base model writes, made once for all tests here.
struct Work {
  std::unique_ptr<environment::Environment> environment =
      environment::make_environment(testing::small_sums()).value();
  ModelFile base = testing::noisy_learner(*environment).model();
  std::vector<AttemptGroup> training =
      testing::sampled_groups(*environment, base, environment::Split::kTraining, 300, 8);
  std::vector<AttemptGroup> held_out =
      testing::sampled_groups(*environment, base, environment::Split::kHeldOut, 100, 8);
};
const Work& work() {
  static const Work made;
  return made;
}

std::vector<Trajectory> attempts_of(std::span<const AttemptGroup> groups) {
  std::vector<Trajectory> attempts;
  for (const auto& group : groups)
    attempts.insert(attempts.end(), group.attempts.begin(), group.attempts.end());
  return attempts;
}

std::vector<RankedPair> won_over_lost(std::span<const AttemptGroup> groups) {
  std::vector<RankedPair> pairs;
  for (const auto& group : groups) {
    std::vector<std::int64_t> ranks;
    for (const auto& attempt : group.attempts) ranks.push_back(attempt.win() ? 1 : 2);
    for (const auto& pair : pairs_of(group.attempts, ranks)) pairs.push_back(pair);
  }
  return pairs;
}

// Updates on random batches of the examples.
template <class Example>
void teach(RewardLearner& learner, const std::vector<Example>& examples, std::int64_t updates) {
  const RewardConfig config;
  Rng rng(2);
  for (std::int64_t i = 0; i < updates; ++i) {
    std::vector<Example> batch;
    for (int n = 0; n < 32; ++n) batch.push_back(examples[rng.below(examples.size())]);
    learner.update(batch, config, schedule(config.optimizer, i, updates)).value();
  }
}

double held_out_auc(RewardLearner& learner) {
  const auto attempts = attempts_of(work().held_out);
  return assess(attempts, learner.step_scores(attempts)).step_auc;
}

TEST_CASE("a process model learns from exact labels which steps are right", "[nn][learning]") {
  RewardLearner prm(work().base, ScorerRole::kProcess, 1);
  const auto attempts = attempts_of(work().training);
  std::vector<LabelledAttempt> examples;
  for (const auto& attempt : attempts)
    examples.push_back({&attempt, exact_labels(attempt, AfterWrong::kWrong)});
  const double before = held_out_auc(prm);
  teach(prm, examples, 150);
  const double after = held_out_auc(prm);
  CAPTURE(before, after);
  CHECK(before < 0.75);
  CHECK(after > 0.94);
}

TEST_CASE("an outcome model learns it from the outcomes alone", "[nn][learning]") {
  RewardLearner orm(work().base, ScorerRole::kOutcome, 1);
  const auto attempts = attempts_of(work().training);
  std::vector<LabelledAttempt> examples;
  for (const auto& attempt : attempts)
    examples.push_back({&attempt, outcome_labels(attempt, OutcomeAt::kEveryStep)});
  teach(orm, examples, 150);
  const double after = held_out_auc(orm);
  CAPTURE(after);
  CHECK(after > 0.9);
}

TEST_CASE("a preference model orders pairs that it has never seen", "[nn][learning]") {
  RewardLearner model(work().base, ScorerRole::kPreference, 1);
  const auto right_share = [&] {
    const auto pairs = won_over_lost(work().held_out);
    REQUIRE(pairs.size() > 200);
    std::vector<Trajectory> better, worse;
    for (const auto& pair : pairs) {
      better.push_back(*pair.better);
      worse.push_back(*pair.worse);
    }
    const auto a = model.step_scores(better), b = model.step_scores(worse);
    double right = 0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (a[i].empty() || b[i].empty()) continue;
      right += a[i].back() > b[i].back() ? 1 : a[i].back() == b[i].back() ? 0.5 : 0;
    }
    return right / static_cast<double>(pairs.size());
  };
  const double before = right_share();
  teach(model, won_over_lost(work().training), 150);
  const double after = right_share();
  CAPTURE(before, after);
  CHECK(before < 0.8);
  CHECK(after > 0.9);
}

// An attempt at 1+2+3 whose second step is right or wrong.
Trajectory sum(bool right) {
  Trajectory t;
  t.problem = "1+2+3";
  t.steps = {step_of("3+3", Verdict::kRight),
             right ? step_of("6", Verdict::kRight) : step_of("7", Verdict::kWrongValue)};
  t.outcome = right ? Outcome::kWon : Outcome::kLost;
  return t;
}

TEST_CASE("the preference loss is that of Bradley and Terry", "[nn]") {
  const auto better = at::tensor(std::vector<float>{2, -1, 50});
  const auto worse = at::tensor(std::vector<float>{0.5, 1, -50});
  const auto loss_of = [](double margin) { return std::log1p(std::exp(-margin)); };
  CHECK(nn::preference_loss(better, worse).item<double>() ==
        Approx((loss_of(1.5) + loss_of(-2) + 0) / 3));
  CHECK(std::isfinite(nn::preference_loss(worse * 100, better * 100).item<double>()));
}

TEST_CASE("a reward model's first loss is worked out from its scores", "[nn]") {
  const auto policy = testing::random_model(1, {1, 32, 2, 48, 1000});
  const auto right = sum(true), wrong = sum(false);
  RewardConfig config;
  config.inside_weight = 0;  // the ends of the steps alone
  const auto unlabelled = std::nanf("");
  RewardLearner prm(policy, ScorerRole::kProcess, 1);
  const auto s = prm.step_scores(std::vector<Trajectory>{right, wrong});
  const std::vector<LabelledAttempt> batch = {{&right, {1, unlabelled}}, {&wrong, {0.25, 0}}};
  const auto stats = prm.update(batch, config, 1).value();
  CHECK(stats.loss == Approx(-(std::log(s[0][0]) + 0.25 * std::log(s[1][0]) +
                               0.75 * std::log(1 - s[1][0]) + std::log(1 - s[1][1])) /
                             3));
  CHECK(stats.learned == 3);
  CHECK(stats.tokens == 2 * 13);

  RewardLearner pairs(policy, ScorerRole::kPreference, 1);
  const auto logit = [](float p) { return std::log(p / (1 - p)); };
  const std::vector<RankedPair> pair = {{&right, &wrong}};
  const auto ranked = pairs.update(pair, config, 1).value();
  const double margin = logit(s[0][1]) - logit(s[1][1]);
  CHECK(ranked.loss == Approx(std::log1p(std::exp(-margin))));
  CHECK(ranked.learned == 1);
}

TEST_CASE("steps labelled right are imitated, others are not", "[nn]") {
  const auto policy = testing::random_model(1, {1, 32, 2, 48, 1000});
  const auto right = sum(true), wrong = sum(false);
  // The head's own outputs start at zero and the scores' loss says nothing of the trunk's logits,
  // so only imitation moves the language model's last matrix: how much likelier it alone makes the
  // attempt's first step.
  const auto gained = [&](std::vector<float> targets, double weight) {
    RewardLearner prm(policy, ScorerRole::kProcess, 1);
    RewardConfig config;
    config.optimizer.warmup = 0;
    config.language_weight = weight;
    const LabelledAttempt labelled{&wrong, std::move(targets)};
    for (int i = 0; i < 5; ++i) prm.update(std::span(&labelled, 1), config, 1).value();
    auto imitator = policy;
    imitator.tensors.at("head.weight") = prm.model().tensors.at("head.weight");
    const auto batch =
        batch_of_solutions(Tokenizer::make(kArithmeticCharacters).value(),
                           std::vector<std::string>{";1+2+3=3+3="}, std::vector<float>{1});
    return PolicyLearner(policy).loss(batch) - PolicyLearner(imitator).loss(batch);
  };
  CHECK(gained({1, 0}, 0.5) > 0.01);
  CHECK(gained({1, 0}, 0) == 0);
  CHECK(gained({0, 0}, 0.5) == 0);
  CHECK(gained({std::nanf(""), 0}, 0.5) == 0);
}

TEST_CASE("what cannot be learned from changes nothing", "[nn]") {
  const auto policy = testing::random_model(1, {1, 32, 2, 48, 1000});
  auto foreign = sum(true), empty = sum(true);
  const auto fine = sum(true);
  foreign.steps[0].text = "é";
  empty.steps.clear();
  RewardLearner prm(policy, ScorerRole::kProcess, 1);
  RewardLearner pairs(policy, ScorerRole::kPreference, 1);
  const auto before = prm.save(), ranked_before = pairs.save();
  const std::vector<LabelledAttempt> batch = {
      {&foreign, {1, 1}}, {&empty, {}}, {&fine, {std::nanf(""), std::nanf("")}}};
  CHECK(prm.update(batch, {}, 1).value().learned == 0);
  CHECK(prm.update(std::span<const LabelledAttempt>{}, {}, 1).value().learned == 0);
  CHECK(prm.save() == before);
  const std::vector<RankedPair> ranked = {{&foreign, &fine}, {&fine, &empty}};
  CHECK(pairs.update(ranked, {}, 1).value().learned == 0);
  CHECK(pairs.save() == ranked_before);
}

TEST_CASE("a reward model scores alike alone and in attempts, after a save and from its file",
          "[nn]") {
  const auto policy = testing::random_model(2, {1, 32, 2, 48, 1000});
  const std::vector<Trajectory> attempts = {sum(true), sum(false)};
  RewardLearner prm(policy, ScorerRole::kProcess, 1), other(policy, ScorerRole::kProcess, 2);
  const std::vector<LabelledAttempt> batch = {{&attempts[0], {1, 1}}, {&attempts[1], {1, 0}}};
  prm.update(batch, {}, 1).value();
  const auto rows = prm.step_scores(attempts);
  const std::vector<StepQuery> queries = {
      {prompt_of("1+2+3", {}), "3+3="},
      {prompt_of("1+2+3", std::vector<std::string>{"3+3"}), "7;"}};
  const auto scores = prm.scores(queries);
  CHECK(scores[0] == Approx(rows[0][0]).margin(1e-5));
  CHECK(scores[1] == Approx(rows[1][1]).margin(1e-5));

  REQUIRE(other.load(prm.save(), "run/value"));
  CHECK(other.updates() == 1);
  CHECK(other.step_scores(attempts) == rows);
  prm.update(batch, {}, 1).value();
  other.update(batch, {}, 1).value();
  CHECK(other.save() == prm.save());
  const auto refused = other.load("junk", "run/value");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "run/value: the saved state does not fit this model; remove that checkpoint to resume from "
        "the one before it, or start a new run");
  CHECK(other.save() == prm.save());

  auto file = parse_model(serialize(prm.model()), "test").value();
  CHECK(file.metadata.at("role") == "prm");
  auto read = RewardLearner::from_model(file).value();
  CHECK(read.role() == ScorerRole::kProcess);
  CHECK(read.step_scores(attempts) == prm.step_scores(attempts));
  file.tensors.erase("scorer.head.bias");
  CHECK(RewardLearner::from_model(file).error().message ==
        "the prm model lacks the tensor 'scorer.head.bias' of the right shape");
  CHECK(RewardLearner::from_model(policy).error().code == Errc::kCorrupt);
}

}  // namespace
}  // namespace qstar

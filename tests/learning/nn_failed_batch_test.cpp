// A loss or gradient norm that is not finite: what the learners say, that nothing changes, and what
// is kept of the batch.
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "data/attempt.hpp"
#include "learning/failed_batch.hpp"
#include "model/generated_steps.hpp"
#include "tests/support/models.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace model;
using namespace learning;
namespace {

using nlohmann::json;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

const Tokenizer& tokenizer() {
  static const auto made = Tokenizer::make(kArithmeticCharacters).value();
  return made;
}

const ModelFile& start() {
  static const auto model = testing::random_model(3, {1, 32, 2, 48, 1000});
  return model;
}

Trajectory attempt_of(const std::string& text, Outcome outcome) {
  Generation made{text, tokenizer().encode(text).value(), std::vector<float>(text.size(), -1),
                  true};
  Trajectory attempt;
  attempt.problem = "1+2";
  attempt.steps = steps_of(made, 1, 0);
  attempt.outcome = outcome;
  return attempt;
}

const Trajectory& won() {
  static const auto attempt = attempt_of("3;", Outcome::kWon);
  return attempt;
}
const Trajectory& lost() {
  static const auto attempt = attempt_of("4;", Outcome::kLost);
  return attempt;
}

// The rows as an array of JSON.
json parsed(const std::string& rows) { return json::parse("[" + rows + "]"); }

// A failure between two updates: an error that begins with the message, and a state that is bit for
// bit that of a learner which never had the bad batch, before and after a further update.
template <class Learner>
void check_refused(const std::function<Learner()>& fresh,
                   const std::function<Status(Learner&)>& good,
                   const std::function<Status(Learner&)>& bad, const std::string& message) {
  Learner learner = fresh(), twin = fresh();
  REQUIRE(good(learner));
  REQUIRE(good(twin));
  const auto failed = bad(learner);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::kConfig);
  CHECK(failed.error().message.find(message) == 0);
  CHECK(learner.save() == twin.save());
  REQUIRE(good(learner));
  REQUIRE(good(twin));
  CHECK(learner.save() == twin.save());
}

template <class Stats>
Status status_of(const Result<Stats>& stats) {
  return stats ? Status{} : tl::unexpected(stats.error());
}

TokenBatch solutions(float weight) {
  const std::vector<std::string> texts = {";1+2=3;", ";1+3=4;"};
  return batch_of_solutions(tokenizer(), texts, std::vector<float>{1, weight});
}

TEST_CASE("a policy does not learn from a weight that is not finite", "[nn]") {
  for (const float weight : {kInf, kNan})
    check_refused<PolicyLearner>(
        [] { return PolicyLearner(start()); },
        [](auto& learner) { return status_of(learner.update(solutions(1), {}, 1)); },
        [&](auto& learner) { return status_of(learner.update(solutions(weight), {}, 1)); },
        "the loss of the policy is nan");
}

// "3;" with advantage 1 and "4;" with this one.
PolicyGradientBatch gradient_batch(double advantage) {
  const std::vector<AdvantagedAttempt> attempts = {{&won(), {1}}, {&lost(), {advantage}}};
  return policy_gradient_batch(tokenizer(), attempts, TokenMean::kToken, 8);
}

TEST_CASE("a policy does not learn from an advantage that is not finite, or too large", "[nn]") {
  const auto check = [](double advantage, const std::string& message) {
    check_refused<PolicyLearner>(
        [] { return PolicyLearner(start()); },
        [](auto& learner) {
          return status_of(learner.update_policy_gradient(gradient_batch(-1), {}, 1));
        },
        [&](auto& learner) {
          return status_of(learner.update_policy_gradient(gradient_batch(advantage), {}, 1));
        },
        message);
  };
  check(std::nan(""), "the loss of the policy is nan");
  check(-1.0 / 0.0, "the loss of the policy is inf");
  // The loss is finite; the squares of its gradients are not, in single precision.
  check(1e25, "the gradient norm of the policy is inf");
}

TEST_CASE("a reward model does not learn from a target that is not finite", "[nn]") {
  const auto learn = [](auto& learner, float target) {
    const std::vector<LabelledAttempt> batch = {{&won(), {1}}, {&lost(), {target}}};
    return status_of(learner.update(batch, {}, 1));
  };
  for (const auto& [role, name] :
       {std::pair(ScorerRole::kProcess, "process"), std::pair(ScorerRole::kOutcome, "outcome")})
    check_refused<RewardLearner>([&, r = role] { return RewardLearner(start(), r, 1); },
                                 [&](auto& learner) { return learn(learner, 0); },
                                 [&](auto& learner) { return learn(learner, -kInf); },
                                 std::string("the loss of the ") + name + " reward model is ");
}

TEST_CASE("a preference model whose scores have overflown says so", "[nn]") {
  auto model = RewardLearner(start(), ScorerRole::kPreference, 1).model();
  for (float& weight : model.tensors.at("scorer.norm.weight").data) weight = 1e30F;
  for (float& weight : model.tensors.at("scorer.head.weight").data) weight = 1e30F;
  auto learner = RewardLearner::from_model(model).value();
  const auto before = learner.save();
  const std::vector<RankedPair> pairs = {{&won(), &lost()}};
  const auto failed = learner.update(pairs, {}, 1);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "the loss of the preference model is nan");
  CHECK(learner.save() == before);
}

TEST_CASE("a critic does not learn from a weight that is not finite", "[nn]") {
  const AttemptGroup group{7, {won(), lost()}};
  CriticConfig config;
  config.target_period = 2;  // the second good update copies the target network
  const auto learn = [&](auto& learner, float weight) {
    const std::vector<WeightedGroup> batch = {{&group, 1}, {&group, weight}};
    return status_of(learner.update(batch, config, 1));
  };
  check_refused<CriticLearner>(
      [] { return CriticLearner(start(), 1); }, [&](auto& learner) { return learn(learner, 1); },
      [&](auto& learner) { return learn(learner, kInf); }, "the loss of the critic is nan");
}

TEST_CASE("the rows of a batch are readable, numbers that are not finite too", "[nn]") {
  const auto texts = parsed(rows_json(tokenizer(), solutions(-kInf)));
  REQUIRE(texts.size() == 2);
  CHECK(texts[0] == json{{"text", ";1+2=3;"}, {"weights", {0, 0, 0, 0, 0, 1, 1}}});
  CHECK(texts[1]["weights"] == json{0, 0, 0, 0, 0, "-inf", "-inf"});

  auto batch = gradient_batch(std::nan(""));
  batch.proximal_logprobs = std::vector<float>(14, -0.1F);
  const auto rows = parsed(rows_json(tokenizer(), batch));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == json{{"text", ";1+2=3;"},
                        {"weights", {0, 0, 0, 0, 0, 0.25, 0.25}},
                        {"advantages", {0, 0, 0, 0, 0, 1, 1}},
                        {"behaviour_logprobs", {0, 0, 0, 0, 0, -1, -1}},
                        {"proximal_logprobs", {-0.1, -0.1, -0.1, -0.1, -0.1, -0.1, -0.1}},
                        {"temperature", 1}});
  CHECK(rows[1]["text"] == ";1+2=4;");
  CHECK(rows[1]["advantages"] == json{0, 0, 0, 0, 0, "nan", "nan"});

  auto foreign = lost();
  foreign.steps[0].text = "\xff";
  foreign.id = {3, 1};
  const std::vector<LabelledAttempt> labelled = {{&foreign, {kInf}}};
  const auto labels = parsed(rows_json(std::span<const LabelledAttempt>(labelled)));
  CHECK(labels[0] == json{{"group", 3},
                          {"sample", 1},
                          {"text", ";1+2=\xef\xbf\xbd;"},
                          {"outcome", "lost"},
                          {"targets", {"inf"}}});
  const std::vector<RankedPair> pairs = {{&won(), &lost()}};
  const auto ranked = parsed(rows_json(std::span<const RankedPair>(pairs)));
  CHECK(ranked[0]["better"]["text"] == ";1+2=3;");
  CHECK(ranked[0]["worse"]["outcome"] == "lost");
  const AttemptGroup group{7, {won(), lost()}};
  const std::vector<WeightedGroup> weighted = {{&group, kNan}};
  const auto groups = parsed(rows_json(std::span<const WeightedGroup>(weighted)));
  CHECK(groups[0]["group"] == 7);
  CHECK(groups[0]["weight"] == "nan");
  CHECK(groups[0]["attempts"][1]["text"] == ";1+2=4;");
}

TEST_CASE("an error names the file of its batch", "[nn]") {
  std::string kept;
  FailedBatches failed{"rl.grpo", [&](std::string_view label, std::string_view text) {
                         kept = text;
                         return Result<std::string>("run/failed/" + std::string(label) + ".json");
                       }};
  PolicyLearner policy(start());
  const auto batch = solutions(kInf);
  const auto error = or_keep(policy.update(batch, {}, 1), failed, tokenizer(), batch).error();
  CHECK(error.code == Errc::kConfig);
  CHECK(error.message ==
        "rl.grpo: the loss of the policy is nan (its batch is in run/failed/rl.grpo.json); start a "
        "new run with lower learning rates");
  const auto file = json::parse(kept);
  CHECK(file["error"] == "the loss of the policy is nan");
  CHECK(file["rows"] == parsed(rows_json(tokenizer(), batch)));

  failed.keep = [](std::string_view, std::string_view) {
    return Result<std::string>(fail(Errc::kDiskFull, "the disk is full"));
  };
  CHECK(failed.keep_rows({Errc::kConfig, "it is nan"}, "").message ==
        "rl.grpo: it is nan (its batch could not be kept: the disk is full); start a new run with "
        "lower learning rates");
  failed.keep = nullptr;
  CHECK(failed.keep_rows({Errc::kConfig, "it is nan"}, "").message ==
        "rl.grpo: it is nan; start a new run with lower learning rates");
}

}  // namespace
}  // namespace qstar

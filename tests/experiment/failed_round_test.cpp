// A round or stage whose loss is not finite ends with an error, leaves the policy as it was, and
// keeps the batch.
#include <catch2/catch.hpp>
#include <limits>

#include "experiment/text/proposed_problems.hpp"
#include "experiment/text/reinforce.hpp"
#include "experiment/text/teach.hpp"
#include "tests/support/rounds.hpp"
#include "tests/support/small_run.hpp"

namespace qstar {
using namespace learning;
using namespace experiment;
namespace {

using nlohmann::json;
using testing::attempt_of;

constexpr double kInf = std::numeric_limits<double>::infinity();

// What was kept, by label.
using Kept = std::map<std::string, json>;
KeepBatch keeper(Kept& kept) {
  return [&kept](std::string_view label, std::string_view text) -> Result<std::string> {
    kept[std::string(label)] = json::parse(text);
    return "run/failed/" + std::string(label);
  };
}

void check_error(const Error& error, const std::string& label, const std::string& what) {
  CHECK(error.code == Errc::kConfig);
  CHECK(error.message == label + ": " + what + " (its batch is in run/failed/" + label +
                             "); start a new run with lower learning rates");
}

struct Failed {
  Error error;
  json rows;
};
// Improves a policy by a round whose rewards are not finite.
Failed failed(const char* algorithm, ImproverParts parts, double reward) {
  Kept kept;
  parts.failed = {"rl.test", keeper(kept)};
  PolicyLearner policy(testing::round_start());
  const auto before = policy.save();
  Round round{
      {{1, {attempt_of(policy, "6;", Outcome::kWon), attempt_of(policy, "7;", Outcome::kLost)}}},
      {{reward, 0}},
      1};
  const auto figures = make_improver(algorithm, parts)->improve(policy, std::move(round));
  REQUIRE_FALSE(figures);
  CHECK(policy.save() == before);
  return {figures.error(), kept.at("rl.test").at("rows")};
}

TEST_CASE("an advantage that is not a number ends a round") {
  for (const auto* algorithm : {"grpo", "dr_grpo", "dapo", "ppo"}) {
    INFO(algorithm);
    const auto got = failed(algorithm, testing::parts_of(), std::nan(""));
    check_error(got.error, "rl.test", "the loss of the policy is nan");
    REQUIRE(got.rows.size() == 2);
    bool found = false;
    for (const auto& row : got.rows) {
      if (row["text"] != ";1+2+3=6;") continue;  // the one with the reward
      found = true;
      CHECK(row["advantages"] == json{0, 0, 0, 0, 0, 0, 0, "nan", "nan"});
      CHECK(row["behaviour_logprobs"].size() == 9);
    }
    CHECK(found);
  }
}

TEST_CASE("a value model or critic that cannot learn ends a round") {
  auto parts = testing::parts_of();
  parts.config.value.language_weight = kInf;
  const auto value = failed("ppo", parts, 1);
  CHECK(value.error.message.find("rl.test: the loss of the outcome reward model is ") == 0);
  CHECK(value.rows[0]["targets"].size() == 1);
  parts = testing::parts_of();
  parts.config.critic.conservative = kInf;
  const auto critic = failed("q_advantage", parts, 1);
  check_error(critic.error, "rl.test", "the loss of the critic is inf");
  CHECK(critic.rows[0]["attempts"][0]["text"] == ";1+2+3=6;");
}

TEST_CASE("a weight that is not finite ends a round of expert iteration") {
  ReinforceConfig config;
  config.selection.weight_floor = kInf;
  const auto got = failed("expert_iteration", testing::parts_of(config), 1);
  check_error(got.error, "rl.test", "the loss of the policy is nan");
  CHECK(got.rows[0]["text"] == ";1+2+3=6;");
  CHECK(got.rows[0]["weights"] == json{0, 0, 0, 0, 0, 0, 0, "inf", "inf"});
}

TEST_CASE("a run of reinforcement learning ends with the error of its round") {
  const auto experiment = testing::small_base();
  auto config = testing::small_reinforce();
  config.gradient.optimizer.adamw_rate = 1e37;  // the second update cannot be made
  config.gradient.optimizer.clip = 1e38;
  Kept kept;
  auto host = local_host(experiment);
  host.keep_failed = keeper(kept);
  auto run = testing::small_run(experiment, host);
  // Proxy rewards differ, whatever this untrained policy answers.
  testing::replace_model(
      run, "preference",
      RewardLearner(run.model("base"), model::ScorerRole::kPreference, 1).model());
  const auto done = reinforce(run, {.label = "rl.grpo",
                                    .algorithm = "grpo",
                                    .reward = RewardKind::kProxy,
                                    .reward_model = "preference",
                                    .config = config});
  REQUIRE_FALSE(done);
  check_error(done.error(), "rl.grpo", "the loss of the policy is nan");
  CHECK(kept.contains("rl.grpo"));
}

TEST_CASE("training of reward models, critics and proposers ends with the error of its batch") {
  auto experiment = testing::small_base();
  testing::add_pretraining(experiment);
  Kept kept;
  auto host = local_host(experiment);
  host.keep_failed = keeper(kept);
  auto run = testing::small_run(experiment, host);
  const PolicyLearner policy(testing::round_start());
  const auto attempt = attempt_of(policy, "6;", Outcome::kWon);
  RewardLearner model(testing::round_start(), model::ScorerRole::kProcess, 1);
  const std::vector<LabelledAttempt> labelled = {{&attempt, {1}}};
  RewardConfig reward;
  reward.language_weight = kInf;
  const auto taught = teach(run, model, labelled, reward, "prm");
  REQUIRE_FALSE(taught);
  check_error(taught.error(), "prm", "the loss of the process reward model is inf");
  CHECK(kept.at("prm")["rows"][0]["targets"] == json{1});

  CriticLearner critic(testing::round_start(), 1);
  const std::vector<AttemptGroup> groups = {{5, {attempt}}};
  CriticConfig how;
  how.language_weight = kInf;
  const auto criticised = teach(run, critic, groups, 1, how, "critic");
  REQUIRE_FALSE(criticised);
  check_error(criticised.error(), "critic", "the loss of the critic is inf");
  CHECK(kept.at("critic")["rows"][0]["group"] == 5);

  auto broken = run.model("base");  // its loss is not finite
  broken.tensors.at("norm.weight").data[0] = std::numeric_limits<float>::max();
  broken.tensors.at("norm.weight").data[1] = std::numeric_limits<float>::max();
  PolicyLearner proposer(broken);
  const auto proposed = train_proposer(run, proposer, "base", {});
  REQUIRE_FALSE(proposed);
  check_error(proposed.error(), "proposer", "the loss of the policy is nan");
  CHECK(kept.at("proposer")["rows"].size() > 0);
}

}  // namespace
}  // namespace qstar

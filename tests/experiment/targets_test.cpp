// Targets of an experiment: which figures they can be set on, and what the report says of missed
// ones.
#include <algorithm>
#include <catch2/catch.hpp>

#include "experiment/puzzle/cost_to_go_config.hpp"
#include "experiment/targets.hpp"
#include "tests/support/small_run.hpp"

namespace qstar {
using namespace experiment;
namespace {

using nlohmann::json;

TargetConfig at_least(const char* figure, double limit, const char* meaning = "") {
  return {figure, meaning, limit, std::nullopt};
}
TargetConfig below(const char* figure, double limit, const char* meaning = "") {
  return {figure, meaning, std::nullopt, limit};
}

// Of an experiment with every kind of stage of text.
Experiment with(std::vector<TargetConfig> targets) {
  auto config = testing::small_experiment();
  config.targets = std::move(targets);
  return config;
}

void skip(Experiment& config, const std::string& name) {
  for (auto& stage : config.stages) stage.skip = stage.skip || stage.name == name;
}

json missed(const json& results, std::vector<TargetConfig> targets) {
  return missed_targets(results, with(std::move(targets)));
}

// What check() says against it; empty: nothing.
std::string refusal(const Experiment& config) {
  const auto ok = check(config);
  if (!ok) CHECK(ok.error().code == Errc::kConfig);
  return ok ? "" : ok.error().message;
}

const json kResults = {
    {"final", {{"greedy", {{"accuracy", 0.99}}}}},
    {"selfplay", {{"ratio", 1.25}}},
    {"rewards", {{"process", {{"lucky", 0.001}}}, {"both", {{"lucky", 0.02}}}}},
    {"search",
     {{{"method", "beam"}, {"guide", "prm"}, {"options", "samples=4"}, {"accuracy", 0.5}},
      {{"method", "greedy"}, {"guide", ""}, {"options", ""}, {"accuracy", 0.75}}}},
    {"rlhf", {{"runs", {{{"kl_weight", 0.0}, {"tokens", 7}}, {{"kl_weight", 0.1}}}}}},
    {"measure",
     {{"out_of_domain",
       {{{"name", "5 operators"}, {"final", {{"accuracy", 0.97}}}},
        {{"name", "parentheses"}, {"final", {{"accuracy", 0.1}}}}}}}}};

TEST_CASE("a missed target is one sentence with the figure, its value and the limit") {
  CHECK(missed(kResults, {at_least("final.greedy.accuracy", 0.995, "accuracy of the policy")}) ==
        json{"accuracy of the policy: 0.99, target at least 0.995"});
  CHECK(missed(kResults, {at_least("final.greedy.accuracy", 0.995)}) ==
        json{"final.greedy.accuracy: 0.99, target at least 0.995"});
  CHECK(missed(kResults, {below("selfplay.ratio", 1, "tokens of self-play")}) ==
        json{"tokens of self-play: 1.25, target below 1"});
  CHECK(missed(kResults, {{"selfplay.ratio", "", 0.5, 1.25}}) ==
        json{"selfplay.ratio: 1.25, target at least 0.5 and below 1.25"});
}

TEST_CASE("a target that is reached is not reported, at_least is inclusive, below is not") {
  CHECK(missed(kResults, {at_least("final.greedy.accuracy", 0.99)}).empty());
  CHECK(missed(kResults, {below("final.greedy.accuracy", 0.991)}).empty());
  CHECK(missed(kResults, {below("final.greedy.accuracy", 0.99)}).size() == 1);
  CHECK(missed(kResults, {{"selfplay.ratio", "", 1.25, 1.5}}).empty());
}

TEST_CASE("a figure may stand for every row of a list and every member of an object") {
  CHECK(missed(kResults,
               {at_least("measure.out_of_domain[*].final.accuracy", 0.9, "other problems")}) ==
        json{"other problems (parentheses): 0.1, target at least 0.9"});
  CHECK(missed(kResults, {below("rewards.*.lucky", 0.005, "wrong steps")}) ==
        json{"wrong steps (outcome): not in the report, target below 0.005",
             "wrong steps (both): 0.02, target below 0.005",
             "wrong steps (screened): not in the report, target below 0.005"});
  CHECK(missed({{"base", {{"greedy", {{"n", 3}}}}},
                {"sft", {{"greedy", {{"n", 2}}}}},
                {"final", {{"greedy", {{"n", 3}}}}},
                {"measure", {{"calculator", {{"n", 2}}}}}},
               {at_least("*.greedy.n", 3)}) == json{"*.greedy.n (sft): 2, target at least 3"});
  CHECK(missed(kResults, {at_least("search[*].accuracy", 0.8)}) ==
        json{"search[*].accuracy (prm, beam, samples=4): 0.5, target at least 0.8",
             "search[*].accuracy (greedy): 0.75, target at least 0.8"});
  CHECK(missed(kResults, {below("rlhf.runs[*].kl_weight", 0.05)}) ==
        json{"rlhf.runs[*].kl_weight (2): 0.1, target below 0.05"});
  CHECK(missed({{"search", json::array()}}, {at_least("search[*].accuracy", 1)}).empty());
}

TEST_CASE("a figure without a number misses its target, unless its stage is skipped") {
  const json results = {{"selfplay", {{"ratio", nullptr}}}};
  CHECK(missed(results, {below("selfplay.ratio", 1, "tokens")}) ==
        json{"tokens: none, because a run did not reach the accuracy at which tokens are "
             "compared, target below 1"});
  CHECK(missed(results, {at_least("measure.calculator.accuracy", 1)}) ==
        json{"measure.calculator.accuracy: not in the report, target at least 1"});
  CHECK(missed(kResults, {at_least("rlhf.runs[*].tokens", 8)}) ==
        json{"rlhf.runs[*].tokens (1): 7, target at least 8",
             "rlhf.runs[*].tokens (2): not in the report, target at least 8"});
  auto config = with({below("selfplay.ratio", 1), at_least("measure.calculator.accuracy", 1)});
  skip(config, "selfplay");
  skip(config, "measure");
  CHECK(missed_targets(results, config).empty());
  CHECK(missed_targets(results, with({})).empty());  // no target, nothing missed
}

TEST_CASE("a target on a figure that the report cannot have is refused") {
  CHECK(
      refusal(with({at_least("final.greedy.accuracy", 1), at_least("final.greedy.acuracy", 1)})) ==
      "targets[2].figure: the report of this experiment has no figure \"final.greedy.acuracy\"; "
      "did you mean final.greedy.accuracy?");
  CHECK(refusal(with({at_least("measure.out_of_domain.final.accuracy", 1)})) ==
        "targets[1].figure: the report of this experiment has no figure "
        "\"measure.out_of_domain.final.accuracy\"; did you mean "
        "measure.out_of_domain[*].final.accuracy?");
  CHECK(refusal(with({{"final.lucky", "", std::nullopt, std::nullopt}})) ==
        "targets[1] (final.lucky) has no limit: give at_least, below or both");
  for (const auto* unknown :
       {"final", "final.greedy", "final..accuracy", "rewards.*.luck", "rewards.*",
        "final.greedy.accuracy.x", "rl.dapo.greedy.accuracy", "final[*].lucky", "stages.final",
        "results.final.lucky", "cpu_seconds", "cost.cpu_seconds", "out_of_domain[*].final.accuracy",
        "verifiers.prm.step_auc"})
    CHECK(refusal(with({at_least(unknown, 1)})).find(unknown) != std::string::npos);
  for (const auto* known :
       {"final.greedy.accuracy", "rewards.*.lucky", "*.greedy.accuracy", "rl.*.greedy.accuracy",
        "judges.prm.best_of.16", "rlhf.runs[*].tokens", "final.cpu_seconds", "*.cpu_seconds",
        "final.rounds", "rl.grpo.attempts.wins"})
    CHECK(refusal(with({at_least(known, 1)})) == "");
  // A stage that is skipped: the target waits for a run with it.
  auto config = with({below("selfplay.ratio", 1)});
  skip(config, "selfplay");
  CHECK(refusal(config) == "");
}

TEST_CASE("figures begin with the name of their stage") {
  const auto has = [](const Experiment& config, const std::string& figure) {
    const auto figures = report_figures(config);
    return std::find(figures.begin(), figures.end(), figure) != figures.end();
  };
  auto config = testing::small_base();
  testing::add_stage<PretrainStageConfig>(config, "pretrain", "start");
  auto& compare = testing::add_stage<CompareConfig>(config, "compare");
  CHECK(has(config, "start.greedy.accuracy"));
  CHECK_FALSE(has(config, "base.greedy.accuracy"));
  // Runs are named by what tells them apart.
  CHECK(has(config, "compare.expert_iteration.lucky"));
  compare.rewards = {"outcome", "both"};
  CHECK(has(config, "compare.both.lucky"));
  CHECK_FALSE(has(config, "compare.expert_iteration.lucky"));
  compare.algorithms = {"expert_iteration", "grpo"};
  CHECK(has(config, "compare.grpo.both.lucky"));
  CHECK_FALSE(has(config, "compare.both.lucky"));
}

TEST_CASE("figures of a critic beside the policy are those of a run that has one") {
  auto config = with({at_least("final.critic.step_auc", 0.5)});
  CHECK(refusal(config).find("final.critic.step_auc") != std::string::npos);
  testing::settings<ReinforceStageConfig>(config, "final").reinforce.critic_updates = 2;
  CHECK(refusal(config) == "");
  CHECK(missed_targets({{"final", {{"critic", {{"step_auc", 0.25}}}}}}, config) ==
        json{"final.critic.step_auc: 0.25, target at least 0.5"});
  config.targets = {at_least("selfplay.uniform.critic.step_auc", 0.5)};
  CHECK_FALSE(refusal(config).empty());
  testing::settings<SelfPlayConfig>(config, "selfplay").reinforce.critic_updates = 2;
  CHECK(refusal(config) == "");
}

TEST_CASE("a target may be set on what a puzzle's network solves") {
  Experiment config;
  config.environment.name = "lights_out";
  config.stages.emplace_back("cost_to_go");
  config.targets = {at_least("cost_to_go.solved", 0.9)};
  CHECK(refusal(config) == "");
  CHECK(missed_targets({{"cost_to_go", {{"solved", 0.5}}}}, config) ==
        json{"cost_to_go.solved: 0.5, target at least 0.9"});
  config.targets = {at_least("cost_to_go.greedy.accuracy", 0.9)};
  CHECK(refusal(config).starts_with("targets[1].figure: the report of this experiment has no "));
}

TEST_CASE("a target needs a figure, and its keys are checked") {
  const auto unread = [](const char* toml) {
    Experiment config;
    const auto read = parse_config(toml, "run.toml", {}, describe_of(config));
    return read ? std::string() : read.error().message;
  };
  CHECK(unread("[[targets]]\nat_least = 1\n")
            .starts_with("run.toml:1: targets[1].figure is missing"));
  CHECK(unread("[[targets]]\nfigure = 'a'\nat_lest = 1\n") ==
        "run.toml:3: targets[1].at_lest is not a known key; did you mean targets[1].at_least?");
  CHECK(unread("[[targets]]\nfigure = 'a'\nbelow = 'b'\n")
            .starts_with("run.toml:3: targets[1].below must be a number, not text"));
}

}  // namespace
}  // namespace qstar

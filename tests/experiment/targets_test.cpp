// Targets of a story: which figures they can be set on, and what the report says of missed ones.
#include <catch2/catch.hpp>

#include "experiment/story/targets.hpp"
#include "tests/support/small_story.hpp"

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

StoryConfig with(std::vector<TargetConfig> targets) {
  StoryConfig config;
  config.targets = std::move(targets);
  return config;
}

json missed(const json& report, std::vector<TargetConfig> targets) {
  return missed_targets(report, with(std::move(targets)));
}

const json kReport = {
    {"final", {{"greedy", {{"accuracy", 0.99}}}}},
    {"selfplay", {{"ratio", 1.25}}},
    {"rewards", {{"process", {{"lucky", 0.001}}}, {"both", {{"lucky", 0.02}}}}},
    {"search",
     {{{"method", "beam"}, {"guide", "prm"}, {"options", "samples=4"}, {"accuracy", 0.5}},
      {{"method", "greedy"}, {"guide", ""}, {"options", ""}, {"accuracy", 0.75}}}},
    {"rlhf", {{"runs", {{{"kl_weight", 0.0}, {"tokens", 7}}, {{"kl_weight", 0.1}}}}}},
    {"out_of_domain",
     {{{"name", "5 operators"}, {"final", {{"accuracy", 0.97}}}},
      {{"name", "parentheses"}, {"final", {{"accuracy", 0.1}}}}}}};

TEST_CASE("a missed target is one sentence with the figure, its value and the limit") {
  CHECK(missed(kReport, {at_least("final.greedy.accuracy", 0.995, "accuracy of the policy")}) ==
        json{"accuracy of the policy: 0.99, target at least 0.995"});
  CHECK(missed(kReport, {at_least("final.greedy.accuracy", 0.995)}) ==
        json{"final.greedy.accuracy: 0.99, target at least 0.995"});
  CHECK(missed(kReport, {below("selfplay.ratio", 1, "tokens of self-play")}) ==
        json{"tokens of self-play: 1.25, target below 1"});
  CHECK(missed(kReport, {{"selfplay.ratio", "", 0.5, 1.25}}) ==
        json{"selfplay.ratio: 1.25, target at least 0.5 and below 1.25"});
}

TEST_CASE("a target that is reached is not reported, at_least is inclusive, below is not") {
  CHECK(missed(kReport, {at_least("final.greedy.accuracy", 0.99)}).empty());
  CHECK(missed(kReport, {below("final.greedy.accuracy", 0.991)}).empty());
  CHECK(missed(kReport, {below("final.greedy.accuracy", 0.99)}).size() == 1);
  CHECK(missed(kReport, {{"selfplay.ratio", "", 1.25, 1.5}}).empty());
}

TEST_CASE("a figure may stand for every row of a list and every member of an object") {
  CHECK(missed(kReport, {at_least("out_of_domain[*].final.accuracy", 0.9, "other problems")}) ==
        json{"other problems (parentheses): 0.1, target at least 0.9"});
  CHECK(missed(kReport, {below("rewards.*.lucky", 0.005, "wrong steps")}) ==
        json{"wrong steps (outcome): not in the report, target below 0.005",
             "wrong steps (both): 0.02, target below 0.005",
             "wrong steps (screened): not in the report, target below 0.005"});
  CHECK(missed({{"base", {{"greedy", {{"n", 3}}}}},
                {"sft", {{"greedy", {{"n", 2}}}}},
                {"final", {{"greedy", {{"n", 3}}}}},
                {"calculator", {{"n", 2}}}},
               {at_least("*.greedy.n", 3)}) == json{"*.greedy.n (sft): 2, target at least 3"});
  CHECK(missed(kReport, {at_least("search[*].accuracy", 0.8)}) ==
        json{"search[*].accuracy (prm, beam, samples=4): 0.5, target at least 0.8",
             "search[*].accuracy (greedy): 0.75, target at least 0.8"});
  CHECK(missed(kReport, {below("rlhf.runs[*].kl_weight", 0.05)}) ==
        json{"rlhf.runs[*].kl_weight (2): 0.1, target below 0.05"});
  CHECK(missed({{"search", json::array()}}, {at_least("search[*].accuracy", 1)}).empty());
}

TEST_CASE("a figure without a number misses its target, unless its stage is switched off") {
  const json report = {{"selfplay", {{"ratio", nullptr}}}};
  CHECK(missed(report, {below("selfplay.ratio", 1, "tokens")}) ==
        json{"tokens: none, because a run did not reach selfplay.target, target below 1"});
  CHECK(missed(report, {at_least("calculator.accuracy", 1)}) ==
        json{"calculator.accuracy: not in the report, target at least 1"});
  CHECK(missed(kReport, {at_least("rlhf.runs[*].tokens", 8)}) ==
        json{"rlhf.runs[*].tokens (1): 7, target at least 8",
             "rlhf.runs[*].tokens (2): not in the report, target at least 8"});
  auto config = with({below("selfplay.ratio", 1), at_least("calculator.accuracy", 1)});
  config.stages.selfplay = config.stages.measurements = false;
  CHECK(missed_targets(report, config).empty());
  CHECK(missed_targets(report, StoryConfig()).empty());  // no target, nothing missed
}

TEST_CASE("a target on a figure that the report cannot have is refused") {
  const auto refusal = [](const StoryConfig& config) {
    const auto ok = check(config);
    if (!ok) CHECK(ok.error().code == Errc::kConfig);
    return ok ? "" : ok.error().message;
  };
  CHECK(
      refusal(with({at_least("final.greedy.accuracy", 1), at_least("final.greedy.acuracy", 1)})) ==
      "targets[2].figure: the report of this story has no figure \"final.greedy.acuracy\"; did "
      "you mean final.greedy.accuracy?");
  CHECK(refusal(with({at_least("out_of_domain.final.accuracy", 1)})) ==
        "targets[1].figure: the report of this story has no figure "
        "\"out_of_domain.final.accuracy\"; did you mean out_of_domain[*].final.accuracy?");
  CHECK(refusal(with({{"final.lucky", "", std::nullopt, std::nullopt}})) ==
        "targets[1] (final.lucky) has no limit: give at_least, below or both");
  for (const auto* unknown :
       {"final", "final.greedy", "final..accuracy", "rewards.*.luck", "rewards.*",
        "final.greedy.accuracy.x", "rl.dapo.greedy.accuracy", "final[*].lucky"})
    CHECK(refusal(with({at_least(unknown, 1)})).find(unknown) != std::string::npos);
  for (const auto* known :
       {"final.greedy.accuracy", "rewards.*.lucky", "*.greedy.accuracy", "rl.*.greedy.accuracy",
        "verifiers.prm.best_of.16", "rlhf.runs[*].tokens", "stages.final", "cpu_seconds"})
    CHECK(refusal(with({at_least(known, 1)})) == "");
  // A stage that is switched off: the target waits for a run with it.
  auto config = with({below("selfplay.ratio", 1)});
  config.stages.selfplay = false;
  CHECK(refusal(config) == "");
}

TEST_CASE("a target needs a figure, and its keys are checked") {
  const auto refusal = [](const char* toml) {
    StoryConfig config;
    const auto read = parse_config(toml, "story.toml", {}, describe_of(config));
    return read ? std::string() : read.error().message;
  };
  CHECK(refusal("[[targets]]\nat_least = 1\n")
            .starts_with("story.toml:1: targets[1].figure is missing"));
  CHECK(refusal("[[targets]]\nfigure = 'a'\nat_lest = 1\n") ==
        "story.toml:3: targets[1].at_lest is not a known key; did you mean targets[1].at_least?");
  CHECK(refusal("[[targets]]\nfigure = 'a'\nbelow = 'b'\n")
            .starts_with("story.toml:3: targets[1].below must be a number, not text"));
}

}  // namespace
}  // namespace qstar

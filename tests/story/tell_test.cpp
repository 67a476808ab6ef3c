// A whole story in miniature: every stage leaves its section, and a finished stage is not run
// again. What the sections say is in figures_test.cpp.
#include <catch2/catch.hpp>

#include "story/stages.hpp"
#include "story/tell.hpp"
#include "tests/support/small_story.hpp"

namespace qstar {
namespace {

using Kept = std::map<std::string, std::pair<nlohmann::json, std::map<std::string, ModelFile>>>;

FinishedStages keeping(Kept& kept) {
  return {[&kept](std::string_view stage, Story& story) -> Result<bool> {
            const auto it = kept.find(std::string(stage));
            if (it == kept.end()) return false;
            std::tie(story.report, story.models) = it->second;
            return true;
          },
          [&kept](std::string_view stage, const Story& story) {
            kept[std::string(stage)] = {story.report, story.models};
            return Status{};
          }};
}

TEST_CASE("a story has all of its sections, and repeating a stage gives the same result") {
  const auto config = testing::small_story_config();
  Kept kept;
  Story story(config, testing::environment_of(config), local_host(config));
  const auto told = tell(story, keeping(kept));
  INFO((told ? "" : told.error().message));
  REQUIRE(told.has_value());
  for (const auto* section :
       {"family", "seed", "base", "sft", "rlhf", "verifiers", "search", "rl", "rewards", "selfplay",
        "final", "out_of_domain", "polluted_context", "calculator", "cpu_seconds", "failed"}) {
    INFO(section);
    CHECK(story.report.contains(section));
  }
  CHECK(story.models.contains("final"));
  CHECK(kept.size() == stages().size());
  // All stages but the last are finished: only the last one runs, with the same result.
  kept.erase("measurements");
  auto host = local_host(config);
  host.show = [](const StageProgress& progress) {
    CHECK(progress.stage == "out_of_domain");
    return Status{};
  };
  Story again(config, testing::environment_of(config), host);
  REQUIRE(tell(again, keeping(kept)).has_value());
  CHECK(again.report.at("final") == story.report.at("final"));
  for (std::size_t i = 0; i < story.report.at("out_of_domain").size(); ++i)
    CHECK(again.report["out_of_domain"][i]["final"]["accuracy"] ==
          story.report["out_of_domain"][i]["final"]["accuracy"]);
}

TEST_CASE("stages that are switched off leave nothing") {
  auto config = testing::small_story_config();
  config.stages = {false, false, false, false, false, false, false, false};
  Kept kept;
  Story story(config, testing::environment_of(config), local_host(config));
  REQUIRE(tell(story, keeping(kept)).has_value());
  CHECK(kept.size() == 2);
  CHECK_FALSE(story.report.contains("rl"));
  CHECK(story.report.contains("final"));
}

TEST_CASE("the deployed policy may learn from a proposer's problems") {
  auto config = testing::small_story_config();
  config.stages = {.sft = true,
                   .verifiers = false,
                   .search = false,
                   .rlhf = false,
                   .rl = false,
                   .rewards = false,
                   .selfplay = false,
                   .measurements = false};
  for (const std::string start : {"base", "sft"}) {
    config.final_.start = start;
    config.final_.proposer_share = 0.5;
    Kept kept;
    Story story(config, testing::environment_of(config), local_host(config));
    REQUIRE(tell(story, keeping(kept)).has_value());
    const auto& final = story.report.at("final");
    CHECK(final.at("proposer_share") == 0.5);
    CHECK(final.at("start") == start);
    CHECK(final.at("curve").back().contains("valid"));
    // The run started from a model that was trained to write problems, not from that model itself.
    CHECK(story.models.at("final_start").tensors != story.models.at(start).tensors);
  }
}

TEST_CASE("missed targets are reported in sentences, reached targets are not") {
  const nlohmann::json report = {
      {"final", {{"greedy", {{"accuracy", 0.99}}}}},
      {"selfplay", {{"ratio", 1.25}}},
      {"rewards", {{"process", {{"lucky", 0.001}}}, {"both", {{"lucky", 0.02}}}}},
      {"out_of_domain",
       {{{"name", "5 operators"}, {"final", {{"accuracy", 0.97}}}},
        {{"name", "parentheses"}, {"final", {{"accuracy", 0.1}}}}}}};
  const auto missed = missed_targets(report);
  REQUIRE(missed.size() == 4);
  CHECK(missed[0] == "final policy, greedy accuracy: 0.9900, target 0.995");
  CHECK(missed[1] == "final policy, accuracy on parentheses: 0.1000, target 0.9");
  CHECK(missed[2] ==
        "right answers with a wrong step under the reward \"both\": 2.00 %, target below 0.5 %");
  CHECK(missed[3] ==
        "self-play: 1.25 times the generated tokens of uniform problems, target below 1");
  CHECK(missed_targets(nlohmann::json::object()).empty());
  CHECK(missed_targets({{"selfplay", {{"ratio", nullptr}}}}).size() == 1);
}

}  // namespace
}  // namespace qstar

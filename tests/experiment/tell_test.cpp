// A whole story in miniature: every stage leaves its section, and a finished stage is not run
// again. What the sections say is in figures_test.cpp.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "experiment/story/stages.hpp"
#include "experiment/story/targets.hpp"
#include "experiment/story/tell.hpp"
#include "tests/support/small_story.hpp"

namespace qstar {
using namespace experiment;
namespace {

using Kept =
    std::map<std::string, std::pair<nlohmann::json, std::map<std::string, model::ModelFile>>>;

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

// The paths of all numbers on which a target can be set.
void add_numbers(const nlohmann::json& value, const std::string& path,
                 std::set<std::string>& numbers) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (key == "curve" || key == "bins" || key == "ratings" || key == "ci95" ||
          path + key == "seed")
        continue;
      add_numbers(member, path.empty() ? key : path + "." + key, numbers);
    }
  } else if (value.is_array()) {
    for (const auto& row : value) add_numbers(row, path + "[*]", numbers);
  } else if (value.is_number()) {
    numbers.insert(path);
  }
}

// Of a report of this configuration in which all stages ran.
void check_figures(const nlohmann::json& report, StoryConfig config) {
  const auto listed = report_figures(config);
  std::set<std::string> numbers;
  add_numbers(report, "", numbers);
  for (const auto& number : numbers) {
    INFO(number << " is in the report, but not in report_figures()");
    CHECK(std::find(listed.begin(), listed.end(), number) != listed.end());
  }
  for (const auto& figure : listed) config.targets.push_back({figure, "", -1e300, std::nullopt});
  for (const std::string missed : missed_targets(report, config)) {
    INFO(missed);
    CHECK(missed.find("not in the report") == std::string::npos);
  }
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
  CHECK(story.report.at("failed").empty());  // there is no target
  check_figures(story.report, config);
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

}  // namespace
}  // namespace qstar

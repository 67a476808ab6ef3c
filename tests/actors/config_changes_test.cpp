#include "actors/process/config_changes.hpp"

#include "experiment/text/text_experiment.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::actors;

namespace {

constexpr std::string_view kAdjustable[] = {"rl.versions", "restart."};

std::vector<ConfigChange> changes_of(experiment::ExperimentConfig before,
                                     experiment::ExperimentConfig after) {
  return config_changes(describe_of(before), describe_of(after), kAdjustable);
}

struct Step {
  std::int64_t size = 1;
  void describe(FieldVisitor& v) { v.value({"size", "how large"}, size); }
};

struct Plan {
  std::vector<Step> steps = std::vector<Step>(1);
  std::vector<std::string> words = {"a"};
  std::int64_t seed = 1;
  void describe(FieldVisitor& v) {
    sections(v, {"steps", "what to do"}, steps);
    v.value({"words", "free text"}, words);
    v.value({"seed", "of it"}, seed);
  }
};

}  // namespace

TEST_CASE("the same configuration has no changes", "[config_changes]") {
  const auto none = changes_of({}, {});
  CHECK(none.empty());
  CHECK(all_allowed(none));
}

TEST_CASE("every key that differs is listed, with both values", "[config_changes]") {
  experiment::ExperimentConfig after;
  after.name = "other\x1b[2J";
  after.model.width = 256;
  after.rl.versions = 48;
  after.critic.dueling = true;
  after.restart.first_delay = 0.25;
  const experiment::ExperimentConfig before;
  const auto changes = changes_of(before, after);
  const std::vector<ConfigChange> expected = {
      {"name", "\"quickstart\"", "\"other\\u001b[2J\"", false},
      {"model.width", std::to_string(before.model.width), "256", false},
      {"rl.versions", "24", "48", true},
      {"critic.dueling", "false", "true", false},
      {"restart.first_delay", "0.1", "0.25", true}};
  CHECK(changes == expected);
  CHECK_FALSE(all_allowed(changes));
  CHECK(
      list_of(changes) ==
      "These settings cannot change: name (\"quickstart\" in the run, \"other\\u001b[2J\" given), "
      "model.width (" +
          std::to_string(before.model.width) +
          " in the run, 256 given), critic.dueling (false in the run, true given). These may "
          "change: rl.versions (24 in the run, 48 given), restart.first_delay (0.1 in the run, "
          "0.25 given).");
  CHECK(list_of(std::vector<ConfigChange>{changes[2]}) ==
        "These may change: rl.versions (24 in the run, 48 given).");
}

TEST_CASE("a section that may change does so as a whole", "[config_changes]") {
  experiment::ExperimentConfig after;
  after.restart = {1, 2, 3, 4};
  const auto changes = changes_of({}, after);
  CHECK(changes.size() == 4);
  CHECK(all_allowed(changes));
  CHECK(summary_of(std::vector<ConfigChange>{changes.front()}) ==
        "restart.max_failures = 1 (was 5)");
}

TEST_CASE("a list is one key, whatever its length", "[config_changes]") {
  Plan before, after;
  after.steps.resize(3);
  after.steps[2].size = 5;
  after.words.clear();
  CHECK(config_changes(describe_of(before), describe_of(before), {}).empty());
  CHECK(config_changes(describe_of(before), describe_of(after), {}) ==
        std::vector<ConfigChange>{
            {"steps", "[{size = 1}]", "[{size = 1}, {size = 1}, {size = 5}]", false},
            {"words", "[\"a\"]", "[]", false}});
}

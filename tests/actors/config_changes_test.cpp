#include "actors/process/config_changes.hpp"

#include "experiment/experiment.hpp"
#include "experiment/text/stage_configs.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::actors;

namespace {

const std::vector<std::string> kAdjustable = {"stages.reinforce.rounds", "restart."};

experiment::Experiment quickstart() {
  experiment::Experiment experiment;
  experiment.stages.emplace_back("pretrain");
  experiment.stages.emplace_back("reinforce");
  return experiment;
}

experiment::ReinforceConfig& reinforce_of(experiment::Experiment& experiment) {
  return experiment.stages.at(1).as<experiment::ReinforceStageConfig>()->reinforce;
}

template <class Config>
std::vector<ConfigChange> changes_of(Config before, Config after,
                                     const std::vector<std::string>& adjustable = kAdjustable) {
  return config_changes(describe_of(before), describe_of(after), adjustable);
}

struct Part {
  std::int64_t depth = 1;
  void describe(FieldVisitor& v) { v.value({"depth", "how deep"}, depth); }
};

struct Step {
  std::int64_t size = 1;
  void describe(FieldVisitor& v) { v.value({"size", "how large"}, size); }
};

struct Task {
  std::string name;
  std::int64_t size = 1;
  Part part;
  void describe(FieldVisitor& v) {
    v.value({"name", "of the task"}, name);
    v.value({"size", "how large"}, size);
    section(v, "part", "of the task", part);
  }
};

struct Plan {
  std::vector<Step> steps = std::vector<Step>(1);
  std::vector<Task> tasks = {{"a", 1, {}}, {"b", 1, {}}};
  std::vector<std::string> words = {"a"};
  std::int64_t seed = 1;
  void describe(FieldVisitor& v) {
    sections(v, {"steps", "what to do"}, steps);
    sections(v, {"tasks", "what to do, by name"}, tasks);
    v.value({"words", "free text"}, words);
    v.value({"seed", "of it"}, seed);
  }
};

using Changes = std::vector<ConfigChange>;

}  // namespace

TEST_CASE("the same configuration has no changes", "[config_changes]") {
  const auto none = changes_of(quickstart(), quickstart());
  CHECK(none.empty());
  CHECK(all_allowed(none));
  CHECK_FALSE(any_lowered(none));
  CHECK(changes_of(Plan(), Plan()).empty());
}

TEST_CASE("every key that differs is listed, with both values", "[config_changes]") {
  auto before = quickstart(), after = quickstart();
  reinforce_of(before).rounds = 24;
  after.name = "other\x1b[2J";
  after.model.width = 256;
  after.restart.first_delay = 0.25;
  reinforce_of(after).rounds = 48;
  reinforce_of(after).critic.dueling = true;
  const auto changes = changes_of(before, after);
  const Changes expected = {{"name", "\"experiment\"", "\"other\\u001b[2J\"", false},
                            {"model.width", std::to_string(before.model.width), "256", false},
                            {"restart.first_delay", "0.1", "0.25", true},
                            {"stages.reinforce.rounds", "24", "48", true},
                            {"stages.reinforce.critic.dueling", "false", "true", false}};
  CHECK(changes == expected);
  CHECK_FALSE(all_allowed(changes));
  CHECK(
      list_of(changes) ==
      "These settings cannot change: name (\"experiment\" in the run, \"other\\u001b[2J\" given), "
      "model.width (" +
          std::to_string(before.model.width) +
          " in the run, 256 given), stages.reinforce.critic.dueling (false in the run, true "
          "given). These may change: restart.first_delay (0.1 in the run, 0.25 given), "
          "stages.reinforce.rounds (24 in the run, 48 given).");
  CHECK(list_of(Changes{changes[3]}) ==
        "These may change: stages.reinforce.rounds (24 in the run, 48 given).");
}

TEST_CASE("a section that may change does so as a whole", "[config_changes]") {
  auto after = quickstart();
  after.restart = {1, 2, 3, 4};
  const auto changes = changes_of(quickstart(), after);
  CHECK(changes.size() == 4);
  CHECK(all_allowed(changes));
  CHECK(any_lowered(changes));
  CHECK(summary_of(Changes{changes.front()}) == "restart.max_failures = 1 (was 5)");
}

TEST_CASE("a list of values is one key, whatever its length", "[config_changes]") {
  Plan after;
  after.words = {"a", "b"};
  CHECK(changes_of(Plan(), after) == Changes{{"words", "[\"a\"]", "[\"a\", \"b\"]", false}});
  after.words.clear();
  CHECK(changes_of(Plan(), after) == Changes{{"words", "[\"a\"]", "[]", false}});
}

TEST_CASE("elements of a list of sections have keys of their own, by number", "[config_changes]") {
  Plan before, after;
  after.steps.resize(3);
  after.steps[2].size = 5;
  const Changes added = {{"steps[2].size", "none", "1", false},
                         {"steps[3].size", "none", "5", false}};
  CHECK(changes_of(before, after) == added);
  CHECK_FALSE(any_lowered(added));
  const Changes removed = {{"steps[2].size", "1", "none", false},
                           {"steps[3].size", "5", "none", false}};
  CHECK(changes_of(after, before) == removed);
  CHECK_FALSE(any_lowered(removed));
  after.steps.clear();
  CHECK(changes_of(before, after) ==
        Changes{{"steps[1].size", "1", "none", false}, {"steps", "none", "[]", false}});
}

TEST_CASE("elements with a name are compared by it", "[config_changes]") {
  Plan before, after;
  SECTION("changed") {
    after.tasks[1].part.depth = 7;
    CHECK(changes_of(before, after) == Changes{{"tasks.b.part.depth", "1", "7", false}});
  }
  SECTION("in another order") {
    std::swap(after.tasks[0], after.tasks[1]);
    CHECK(changes_of(before, after).empty());
  }
  SECTION("removed") {
    after.tasks.pop_back();
    CHECK(changes_of(before, after) == Changes{{"tasks.b.name", "\"b\"", "none", false},
                                               {"tasks.b.size", "1", "none", false},
                                               {"tasks.b.part.depth", "1", "none", false}});
  }
  SECTION("added") {
    after.tasks.insert(after.tasks.begin(), {"c", 3, {}});
    const auto changes = changes_of(before, after);
    CHECK(changes == Changes{{"tasks.c.name", "none", "\"c\"", false},
                             {"tasks.c.size", "none", "3", false},
                             {"tasks.c.part.depth", "none", "1", false}});
    CHECK(list_of(Changes{changes[1]}) ==
          "These settings cannot change: tasks.c.size (none in the run, 3 given).");
    CHECK(summary_of(Changes{changes[1]}) == "tasks.c.size = 3 (was none)");
  }
}

TEST_CASE("a star stands for any element of a list", "[config_changes]") {
  Plan before, after;
  after.seed = 2;
  for (auto& task : after.tasks) task.size = task.part.depth = 9;
  const auto allowed = [&](const char* pattern) {
    std::vector<std::string> keys;
    for (const auto& change : changes_of(before, after, {pattern}))
      if (change.allowed) keys.push_back(change.key);
    return keys;
  };
  using Keys = std::vector<std::string>;
  CHECK(allowed("tasks.*.size") == Keys{"tasks.a.size", "tasks.b.size"});
  CHECK(allowed("tasks.*.part.depth") == Keys{"tasks.a.part.depth", "tasks.b.part.depth"});
  CHECK(allowed("tasks.b.size") == Keys{"tasks.b.size"});
  CHECK(allowed("tasks.*").empty());
  CHECK(allowed("*").size() == 1);  // the seed: one word, at the top
  CHECK(allowed("tasks.") ==
        Keys{"tasks.a.size", "tasks.a.part.depth", "tasks.b.size", "tasks.b.part.depth"});
}

TEST_CASE("the limits of an experiment's stages may change, and no other setting of them",
          "[config_changes]") {
  auto after = quickstart();
  auto& config = reinforce_of(after);
  config.rounds = 9;
  config.tokens = 10;
  config.problems = 5;
  after.engine.executors = 7;
  after.engine.slots = 3;
  after.store.sync = true;
  after.checkpoint.keep = 1;
  after.stages[0].skip = true;
  std::vector<std::string> allowed, refused;
  for (const auto& change :
       changes_of(quickstart(), after, experiment::adjustable_settings(quickstart())))
    (change.allowed ? allowed : refused).push_back(change.key);
  CHECK(allowed == std::vector<std::string>{"engine.executors", "store.sync", "checkpoint.keep",
                                            "stages.reinforce.tokens", "stages.reinforce.rounds"});
  CHECK(refused ==
        std::vector<std::string>{"engine.slots", "stages.base.skip", "stages.reinforce.problems"});
}

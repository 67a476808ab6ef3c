// The stages of a run in miniature: each leaves its section of the report, a finished one is not
// run again, and an interrupted one continues. What the sections say is in figures_test.cpp.
#include "experiment/run_stages.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <set>

#include "data/attempt.hpp"
#include "experiment/puzzle/cost_to_go_config.hpp"
#include "experiment/targets.hpp"
#include "experiment/text/stages.hpp"
#include "persistence/store.hpp"
#include "tests/support/small_run.hpp"

namespace qstar {
using namespace experiment;
namespace {

using nlohmann::json;
using Kept = std::map<std::string, FinishedStage>;

FinishedStages keeping(Kept& kept) {
  return {[&kept](const std::string& stage) -> Result<std::optional<FinishedStage>> {
            const auto it = kept.find(stage);
            if (it == kept.end()) return std::nullopt;
            return it->second;
          },
          [&kept](const std::string& stage, const FinishedStage& finished) {
            kept[stage] = finished;
            return Status{};
          }};
}

Result<RunOutcome> run(const Experiment& config, RunHost host, Kept& kept) {
  return run_stages(config, testing::small_problems(config), std::move(host), stage_function,
                    keeping(kept));
}
RunOutcome finished(const Experiment& config, RunHost host, Kept& kept) {
  auto outcome = run(config, std::move(host), kept);
  INFO((outcome ? "" : outcome.error().message));
  REQUIRE(outcome.has_value());
  return std::move(*outcome);
}
RunOutcome finished(const Experiment& config, Kept& kept) {
  return finished(config, local_host(config), kept);
}

Experiment small_puzzle() {
  Experiment config;
  config.environment.name = "lights_out";
  auto& stage = testing::add_stage<CostToGoConfig>(config, "cost_to_go");
  stage.updates = 60;
  stage.learner.network = {.first = 64, .second = 32, .blocks = 1};
  stage.learner.scrambles = {.depth = 9, .batch = 64};
  stage.learner.check_period = 20;
  stage.learner.check_moves = 9;
  return config;
}

void keep_only(Experiment& config, const std::set<std::string>& names) {
  for (auto& stage : config.stages) stage.skip = !names.contains(stage.name);
}

// The paths of all numbers on which a target can be set.
void add_numbers(const json& value, const std::string& path, std::set<std::string>& numbers) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      const bool left_out = key == "curve" || key == "ratings" || key == "ci95" ||
                            key == "network" || key.starts_with("bin");
      if (!left_out) add_numbers(member, path.empty() ? key : path + "." + key, numbers);
    }
  } else if (value.is_array()) {
    for (const auto& row : value) add_numbers(row, path + "[*]", numbers);
  } else if (value.is_number()) {
    numbers.insert(path);
  }
}

// Of the results of this experiment, whose stages all ran.
void check_figures(const json& results, Experiment config) {
  const auto listed = report_figures(config);
  std::set<std::string> numbers;
  add_numbers(results, "", numbers);
  for (const auto& number : numbers) {
    INFO(number << " is in the report, but not in report_figures()");
    CHECK(std::find(listed.begin(), listed.end(), number) != listed.end());
  }
  for (const auto& figure : listed) config.targets.push_back({figure, "", -1e300, std::nullopt});
  for (const std::string missed : missed_targets(results, config)) {
    INFO(missed);
    CHECK(missed.find("not in the report") == std::string::npos);
  }
}

void check_heading(const json& report, Experiment config) {
  CHECK(report.at("name") == config.name);
  CHECK(report.at("seed") == config.seed);
  CHECK(report.at("environment") == config.environment.name);
  CHECK(report.at("config_hash") == config_hash(describe_of(config)));
  CHECK(report.at("code_version") == metadata_of(config, "policy").at("code_version"));
  CHECK(report.at("failed").empty());  // there is no target
  for (const auto* cost :
       {"cpu_seconds", "wall_seconds", "learner_waited_seconds", "executors_busy_seconds",
        "executors_idle_seconds", "peak_memory_bytes"}) {
    INFO(cost);
    CHECK(report.at("cost").at(cost).is_number());
  }
}

// ---- every kind of stage -----------------------------------------------------------------------

TEST_CASE("a run has a section for each of its stages, and repeating a stage gives the same") {
  const auto config = testing::small_experiment();
  REQUIRE(check(config));
  Kept kept;
  const auto outcome = finished(config, kept);
  const auto& results = outcome.report.at("results");
  check_heading(outcome.report, config);
  CHECK(outcome.report.at("family") == "custom");
  CHECK(outcome.report.at("long_work") == false);
  const auto& stages = outcome.report.at("stages");
  REQUIRE(stages.size() == config.stages.size());
  for (std::size_t i = 0; i < stages.size(); ++i) {
    INFO(stages[i].dump());
    CHECK(stages[i].at("name") == config.stages[i].name);
    CHECK(stages[i].at("kind") == config.stages[i].kind);
    CHECK(stages[i].at("cpu_seconds") > 0);
    CHECK(results.contains(config.stages[i].name));
  }
  CHECK(results.size() == config.stages.size());
  for (const auto* section : {"out_of_domain", "polluted_context", "calculator"})
    CHECK(results.at("measure").contains(section));
  check_figures(results, config);
  for (const auto* model : {"base", "sft", "prm", "orm", "prm_completions", "critic", "preference",
                            "proposer", "final"}) {
    INFO(model);
    CHECK(outcome.models.contains(model));
  }
  CHECK(outcome.last_policy == "final");
  CHECK(kept.size() == config.stages.size());
  // All stages but the last are finished: only the last one runs, with the same result.
  kept.erase("measure");
  auto host = local_host(config);
  host.show = [](const StageProgress& progress) {
    CHECK(progress.stage == "measure");
    return Status{};
  };
  const auto again = finished(config, std::move(host), kept);
  CHECK(again.last_policy == "final");
  const auto& repeated = again.report.at("results");
  for (const auto& stage : config.stages)
    if (stage.name != "measure") CHECK(repeated.at(stage.name) == results.at(stage.name));
  const auto& before = results.at("measure").at("out_of_domain");
  const auto& after = repeated.at("measure").at("out_of_domain");
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(after[i].at("final").at("accuracy") == before[i].at("final").at("accuracy"));
}

TEST_CASE("a critic beside the policy has its figures, in a stage of any kind that may have one") {
  auto config = testing::small_base();
  testing::add_pretraining(config);
  auto& last = testing::add_stage<ReinforceStageConfig>(config, "reinforce");
  last.reinforce = testing::small_reinforce(400);
  last.reinforce.attempts_per_update = ReinforceConfig().attempts_per_update;
  last.reinforce.value_updates = ReinforceConfig().value_updates;
  last.reinforce.critic_updates = 2;
  last.reinforce.critic_table.capacity = 64;
  auto& selfplay = testing::add_stage<SelfPlayConfig>(config, "selfplay");
  selfplay.reinforce = last.reinforce;
  selfplay.proposer.steps = 2;
  auto& compare = testing::add_stage<CompareConfig>(config, "compare");
  compare.reinforce = last.reinforce;
  REQUIRE(check(config));
  Kept kept;
  const auto outcome = finished(config, kept);
  const auto& results = outcome.report.at("results");
  CHECK(results.at("reinforce").at("critic_updates") ==
        2 * results.at("reinforce").at("rounds").get<std::int64_t>());
  CHECK(results.at("reinforce").at("critic").contains("bin0.n"));
  CHECK(outcome.models.contains("reinforce.critic"));
  CHECK(outcome.last_critic == "reinforce.critic");
  check_figures(results, config);
}

TEST_CASE("a puzzle's run has the section of its stage") {
  const auto config = small_puzzle();
  REQUIRE(check(config));
  Kept kept;
  const auto outcome = finished(config, kept);
  check_heading(outcome.report, config);
  CHECK_FALSE(outcome.report.contains("family"));
  CHECK_FALSE(outcome.report.contains("long_work"));
  CHECK(outcome.report.at("stages").size() == 1);
  const auto& section = outcome.report.at("results").at("cost_to_go");
  CHECK(section.at("updates") == 60);
  CHECK(section.at("examples") == 60 * 64);
  CHECK(section.at("positions") == 256);
  CHECK(section.at("moves") == 9);
  CHECK(section.at("network").at("first") == 64);
  CHECK(section.at("network").at("blocks") == 1);
  CHECK(section.at("curve").back().at("updates") == 60);
  CHECK(section.at("curve").back().at("solved") == section.at("solved"));
  check_figures(outcome.report.at("results"), config);
  CHECK_FALSE(outcome.models.at("cost_to_go").network.empty());
  CHECK(outcome.last_policy.empty());  // a network of costs is no policy
  const auto again = finished(config, kept);
  CHECK(again.report.at("results") == outcome.report.at("results"));
  CHECK(again.models.at("cost_to_go").network == outcome.models.at("cost_to_go").network);
}

TEST_CASE("stages that are skipped leave nothing") {
  auto config = testing::small_experiment();
  keep_only(config, {"base", "final"});
  REQUIRE(check(config));
  Kept kept;
  const auto outcome = finished(config, kept);
  CHECK(kept.size() == 2);
  CHECK(outcome.report.at("stages").size() == 2);
  CHECK(outcome.report.at("results").size() == 2);
  CHECK_FALSE(outcome.report.at("results").contains("rl"));
  CHECK(outcome.report.at("results").contains("final"));
  CHECK(outcome.models.size() == 2);
}

TEST_CASE("the trained policy may learn from a proposer's problems") {
  auto config = testing::small_experiment();
  keep_only(config, {"base", "sft", "final"});
  for (const std::string start : {"base", "sft"}) {
    auto& last = testing::settings<ReinforceStageConfig>(config, "final");
    last.start = start;
    last.proposer.share = 0.5;
    last.proposer.steps = 2;
    REQUIRE(check(config));
    Kept kept;
    const auto outcome = finished(config, kept);
    const auto& section = outcome.report.at("results").at("final");
    CHECK(section.at("proposer_share") == 0.5);
    CHECK(section.at("start") == start);
    CHECK(section.at("curve").back().contains("valid"));
    // The run started from a model that was trained to write problems, not from that model itself.
    CHECK(outcome.models.at("final.start").file.tensors != outcome.models.at(start).file.tensors);
  }
}

// ---- sessions ----------------------------------------------------------------------------------

// A host that keeps attempts and saves over sessions, and interrupts after some reports.
struct Sessions {
  const Experiment& config;
  std::int64_t reports_left = std::numeric_limits<std::int64_t>::max();
  std::map<std::string, SavedParts> saves = {};
  std::map<std::uint64_t, AttemptGroup> groups = {};  // what is stored again changes nothing
  Kept kept = {};

  RunHost host() {
    auto host = local_host(config);
    host.keep = [this](const std::string& packed) {
      const auto made = persistence::unpack(packed).value();
      for (const auto& group : made) groups.emplace(group.group, group);
      return Status{};
    };
    host.stored = [this](std::uint64_t id) -> Result<AttemptGroup> {
      const auto found = groups.find(id);
      if (found == groups.end()) return fail(Errc::kMissingFile, "nothing is stored");
      return found->second;
    };
    host.show = [this](const StageProgress&) -> Status {
      if (reports_left-- > 0) return {};
      return fail(Errc::kInterrupted, "stopped");
    };
    host.load = [this](std::string_view label) { return saves[std::string(label)]; };
    host.save = [this](std::string_view label, const auto& parts, bool at_once) {
      if (at_once) saves[std::string(label)] = parts();
      return Status{};
    };
    return host;
  }

  std::map<std::uint64_t, std::vector<std::string>> texts() const {
    std::map<std::uint64_t, std::vector<std::string>> all;
    for (const auto& [id, group] : groups)
      for (const auto& attempt : group.attempts) {
        CHECK(attempt.id.group == id);
        all[id].push_back(text_of(attempt));
      }
    return all;
  }
};

TEST_CASE("labels and ids of groups are the same in a run that was interrupted") {
  auto config = testing::small_experiment();
  keep_only(config, {"base", "judges", "rewards", "final"});
  testing::settings<JudgesConfig>(config, "judges").models = {"prm"};
  auto& rewards = testing::settings<CompareConfig>(config, "rewards");
  rewards.rewards = {"outcome", "process"};
  rewards.reinforce.tokens =
      testing::settings<ReinforceStageConfig>(config, "final").reinforce.tokens = 600;
  REQUIRE(check(config));
  Sessions straight{config};
  const auto whole = finished(config, straight.host(), straight.kept);
  const auto& labels = straight.kept.at("final").labels;
  CHECK(std::set(labels.begin(), labels.end()).size() == labels.size());
  for (const auto* label : {"judges.training", "judges.held_out", "rewards.outcome",
                            "rewards.process", "final", "evaluation.final.greedy"}) {
    INFO(label);
    CHECK(std::find(labels.begin(), labels.end(), label) != labels.end());
  }
  // Those of a stage come behind those of the stages before it.
  const auto& earlier = straight.kept.at("judges").labels;
  REQUIRE(earlier.size() < labels.size());
  CHECK(std::equal(earlier.begin(), earlier.end(), labels.begin()));
  for (const auto& [id, group] : straight.groups) CHECK(id / 1'000'000'000 < labels.size());

  Sessions stopped{config};
  for (std::int64_t stops = 0;; ++stops) {
    REQUIRE(stops < 50);
    stopped.reports_left = stops;
    const auto outcome = run(config, stopped.host(), stopped.kept);
    if (!outcome) {
      INFO(outcome.error().message);
      REQUIRE(outcome.error().code == Errc::kInterrupted);
      continue;
    }
    CHECK(stops > 3);
    CHECK(stopped.kept.at("final").labels == labels);
    CHECK(stopped.texts() == straight.texts());
    CHECK(outcome->models.at("final").file.tensors == whole.models.at("final").file.tensors);
    CHECK(outcome->last_policy == whole.last_policy);
    break;
  }
}

// ---- errors ------------------------------------------------------------------------------------

// A stage that loads and saves, and makes nothing.
Result<StageResult> saving_stage(Run& run, const StageEntry&) {
  if (auto parts = run.host().load("work"); !parts) return tl::unexpected(parts.error());
  if (auto kept = run.host().save(
          "work", [] { return SavedParts(); }, true);
      !kept)
    return tl::unexpected(kept.error());
  return StageResult();
}

TEST_CASE("a kind of stage that the program cannot run is an error") {
  const auto config = testing::small_experiment();
  Kept kept;
  const auto outcome = run_stages(
      config, testing::small_problems(config), local_host(config),
      [](std::string_view) -> StageFunction { return nullptr; }, keeping(kept));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::kConfig);
  CHECK(outcome.error().message == "stages.base: this program cannot run stages of kind pretrain");
  CHECK(stage_function("story") == nullptr);
  for (const auto& kind : stage_kinds()) {
    INFO(kind.kind);
    CHECK(stage_function(kind.kind) != nullptr);
  }
}

TEST_CASE("what goes wrong with finished stages or with saves ends the run") {
  const auto config = testing::small_experiment();
  Sessions sessions{config};
  auto host = sessions.host();
  auto finished_stages = keeping(sessions.kept);
  Errc expected = Errc::kIo;
  SECTION("a finished stage cannot be read") {
    expected = Errc::kCorrupt;
    finished_stages.restore = [](const auto&) -> Result<std::optional<FinishedStage>> {
      return fail(Errc::kCorrupt, "broken");
    };
  }
  SECTION("a finished stage cannot be kept") {
    finished_stages.keep = [](const auto&, const auto&) -> Status {
      return fail(Errc::kIo, "broken");
    };
  }
  SECTION("a save cannot be read") {
    host.load = [](std::string_view) -> Result<SavedParts> { return fail(Errc::kIo, "broken"); };
  }
  SECTION("nothing can be saved") {
    host.save = [](std::string_view, const auto&, bool) -> Status {
      return fail(Errc::kIo, "broken");
    };
  }
  const auto outcome = run_stages(
      config, testing::small_problems(config), std::move(host),
      [](std::string_view) -> StageFunction { return saving_stage; }, finished_stages);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == expected);
  CHECK(outcome.error().message == "broken");
}

}  // namespace
}  // namespace qstar

// What a run keeps of its finished stages, what a resumed one makes of it and of damage there, and
// which stages run again.
#include "actors/stage_results.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "actors/head.hpp"
#include "core/files.hpp"
#include "experiment/puzzle/cost_to_go_config.hpp"
#include "experiment/text/reinforced.hpp"
#include "experiment/text/stages.hpp"
#include "learning/policy/policy_learner.hpp"
#include "persistence/store.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/small_run.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::actors;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void write(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::trunc) << text;
}

// The directory of a run that has begun.
struct Kept {
  const TemporaryFolder folder;
  const experiment::Experiment experiment = testing::small_experiment();
  RunDirectory directory = RunDirectory::open(path(), experiment, false, {}).value();
  StageFiles files = StageFiles::open(directory, {}).value();
  StageResults results{directory.path(), experiment};

  Kept() { directory.begin(); }
  std::string path(const std::string& name = "") const {
    return folder.path("run") + (name.empty() ? "" : "/" + name);
  }
};

// A stage's policy and critic, with what they cost.
experiment::FinishedStage finished_stage(const experiment::Experiment& experiment) {
  experiment::FinishedStage stage;
  stage.result.figures = {{"greedy", {{"accuracy", 0.25}}}, {"tokens", 7}};
  auto& policy = stage.result.models["final"];
  policy.file = testing::random_model(3, experiment.model);
  policy.cpu_seconds = 12.5;
  policy.is_policy = true;
  policy.evaluation_cpu_seconds = 0.5;
  auto& critic = stage.result.models["critic"];
  critic.file = testing::random_model(4, experiment.model);
  critic.file.metadata["role"] = "critic";
  critic.cpu_seconds = 2;
  stage.cost = {1.5, {2.5, 3.5, 4.5, 5.5}};
  stage.labels = {"evaluation.base.greedy", "final"};
  return stage;
}

}  // namespace

TEST_CASE("a finished stage is restored as it was kept", "[stage_results]") {
  Kept run;
  const auto stage = finished_stage(run.experiment);
  CHECK_FALSE(run.results.restore(run.files, "final").value());
  REQUIRE(run.results.keep(run.files, "final", stage));
  CHECK(run.files.finished() == std::vector<std::string>{"final"});
  const auto restored = run.results.restore(run.files, "final").value();
  REQUIRE(restored);
  CHECK(restored->result.figures == stage.result.figures);
  CHECK(restored->labels == stage.labels);
  CHECK(restored->cost.cpu_seconds == 1.5);
  CHECK(restored->cost.times.now == 2.5);
  CHECK(restored->cost.times.stage_waited == 3.5);
  CHECK(restored->cost.times.executors_busy == 4.5);
  CHECK(restored->cost.times.executors_idle == 5.5);
  REQUIRE(restored->result.models.size() == 2);
  for (const auto& [name, model] : stage.result.models) {
    INFO(name);
    const auto& again = restored->result.models.at(name);
    CHECK(again.file.tensors == model.file.tensors);
    CHECK(again.cpu_seconds == model.cpu_seconds);
    CHECK(again.is_policy == model.is_policy);
    CHECK(again.evaluation_cpu_seconds == model.evaluation_cpu_seconds);
  }
  // Files that other commands read say what they are; what is restored is what the stage left, so
  // that it is published under the same hash.
  const auto& models = restored->result.models;
  CHECK(models.at("final").file.metadata.empty());
  CHECK(models.at("critic").file.metadata ==
        std::map<std::string, std::string>{{"role", "critic"}});
  const auto file = model::read_model(run.folder.path("run/models/final.safetensors")).value();
  CHECK(file.metadata.at("role") == "policy");
  CHECK(file.metadata.at("seed") == "1");
  CHECK_FALSE(run.results.restore(run.files, "rl").value());
}

TEST_CASE("a puzzle's network is restored byte for byte", "[stage_results]") {
  const TemporaryFolder folder;
  experiment::Experiment experiment;
  experiment.environment = {.name = "lights_out", .size = 3};
  experiment.stages.emplace_back("cost_to_go");
  const auto directory = RunDirectory::open(folder.path("run"), experiment, false, {});
  REQUIRE(directory);
  auto files = StageFiles::open(*directory, {});
  REQUIRE(files);
  const StageResults results(directory->path(), experiment);
  experiment::FinishedStage stage;
  stage.result.figures = {{"solved", 0.5}};
  const auto& settings = *experiment.stages[0].as<experiment::CostToGoConfig>();
  const auto puzzle = environment::make_puzzle(experiment.environment).value();
  const auto learner = experiment::learner_of(experiment, settings, puzzle).value();
  stage.result.models["cost_to_go"].network = serialize(learner.model());
  REQUIRE(results.keep(*files, "cost_to_go", stage));
  const auto restored = results.restore(*files, "cost_to_go").value();
  REQUIRE(restored);
  CHECK(restored->result.models.at("cost_to_go").network ==
        stage.result.models.at("cost_to_go").network);
  CHECK_FALSE(restored->result.models.at("cost_to_go").is_policy);
  std::ofstream(folder.path("run/models/cost_to_go.safetensors"), std::ios::trunc) << "damaged";
  CHECK(results.restore(*files, "cost_to_go").error().code == Errc::kCorrupt);
}

TEST_CASE("a stage that is damaged is named, with the remedy", "[stage_results]") {
  Kept run;
  REQUIRE(run.results.keep(run.files, "base", finished_stage(run.experiment)));
  CHECK(run.results.restore(run.files, "base").value());
  const auto path = run.path("stages/base.json");
  const std::string rest = R"("cost":[1,2,3,4,5],"labels":[],)";
  for (const std::string& kept :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
        std::string(R"({"result":{}})"), std::string(R"({"models":{}})"),
        R"({"result":{},)" + rest + R"("models":"base"})",
        R"({"result":{},)" + rest + R"("models":[1]})",
        R"({"result":{},)" + rest + R"("models":{"a":"base"}})",
        R"({"result":{},)" + rest + R"("models":{"a":{"cpu_seconds":"much","policy":true}}})",
        std::string(R"({"result":{},"cost":[1,2],"labels":[],"models":{}})"),
        std::string(R"({"result":{},"cost":{},"labels":[],"models":{}})"),
        std::string(R"({"result":{},"cost":[1,2,3,4,5],"labels":7,"models":{}})")}) {
    INFO(kept);
    write(path, kept);
    const auto restored = run.results.restore(run.files, "base");
    REQUIRE_FALSE(restored);
    CHECK(restored.error().code == Errc::kCorrupt);
    CHECK(has(restored.error().message, path + " is damaged: delete it"));
  }
}

TEST_CASE("a model that is missing or damaged is named", "[stage_results]") {
  Kept run;
  REQUIRE(run.results.keep(run.files, "final", finished_stage(run.experiment)));
  const auto path = run.path("models/final.safetensors");
  const auto bytes = read_file(path).value();
  write(path, bytes.substr(0, bytes.size() / 2));
  const auto damaged = run.results.restore(run.files, "final");
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == Errc::kCorrupt);
  CHECK(has(damaged.error().message, path));
  fs::remove(path);
  const auto missing = run.results.restore(run.files, "final");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::kMissingFile);
  CHECK(has(missing.error().message, path + " is missing"));
  CHECK(has(missing.error().message, "put back what was deleted"));
}

TEST_CASE("a stage that is reopened is not finished any more, and keeps its saves",
          "[stage_files]") {
  Kept run;
  write(run.path("store/CURRENT"), "x");
  REQUIRE(run.files.save("base", {{"state.json", "{}"}}));
  REQUIRE(run.results.keep(run.files, "base", finished_stage(run.experiment)));
  run.directory.append({"stage", 1, {}});
  CHECK(run.files.has_saved("base"));
  CHECK_FALSE(run.files.has_saved("final"));
  REQUIRE(StageFiles::reopen(run.directory, "base"));
  REQUIRE(StageFiles::reopen(run.directory, "base"));   // again, after an interruption
  REQUIRE(StageFiles::reopen(run.directory, "final"));  // was never finished
  // It was the only one: the marks are not missed.
  auto again = StageFiles::open(run.directory, {});
  REQUIRE(again);
  CHECK(again->finished().empty());
  CHECK_FALSE(again->fresh());
  CHECK_FALSE(run.results.restore(*again, "base").value());
  const auto saved = again->load("base");
  REQUIRE(saved);
  CHECK(saved->parts.at("state.json") == "{}");
  REQUIRE(run.results.keep(*again, "base", finished_stage(run.experiment)));
  CHECK(again->finished() == std::vector<std::string>{"base"});
  CHECK(run.results.restore(*again, "base").value());
}

TEST_CASE("marks that are all gone are missed", "[stage_files]") {
  Kept run;
  write(run.path("store/CURRENT"), "x");
  for (const auto* stage : {"base", "sft"})
    REQUIRE(run.results.keep(run.files, stage, finished_stage(run.experiment)));
  for (const std::uint64_t count : {1, 2}) run.directory.append({"stage", count, {}});
  fs::remove(run.path("stages/base.json"));
  // To delete one has its stage run again.
  REQUIRE(StageFiles::open(run.directory, {}));
  fs::remove_all(run.path("stages"));
  const auto missing = StageFiles::open(run.directory, {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::kMissingFile);
  CHECK(has(missing.error().message, run.path("stages") + " is missing or empty"));
  CHECK(has(missing.error().message, "2 stages are finished"));
}

TEST_CASE("a finished run leaves its last policy, its critic and its report", "[stage_results]") {
  const auto experiment = testing::small_experiment();
  experiment::RunOutcome outcome;
  outcome.models = finished_stage(experiment).result.models;
  outcome.models["base"].file = testing::random_model(5, experiment.model);
  outcome.last_policy = "final";
  outcome.last_critic = "critic";
  outcome.report = nlohmann::json::parse(
      read_file(QSTAR_SOURCE_DIR "/tests/golden/quickstart_report.json").value());
  const auto files = final_files(experiment, outcome);
  std::map<std::string, std::string> by_name(files.begin(), files.end());
  REQUIRE(by_name.contains("policy.safetensors"));
  REQUIRE(by_name.contains("critic.safetensors"));
  CHECK(by_name.contains("report.md"));
  CHECK_FALSE(by_name.contains("model.safetensors"));  // of puzzles
  CHECK(by_name["policy.safetensors"] == bytes_of(outcome.models["final"], experiment));
  CHECK(by_name["critic.safetensors"] == bytes_of(outcome.models["critic"], experiment));
  // With it the run is finished.
  CHECK(files.back().first == "report.json");
  CHECK(nlohmann::json::parse(files.back().second) == outcome.report);
}

namespace {

// Three stages; the last one starts from the policy of the second one.
HeadOptions three_stages(const std::string& directory) {
  REQUIRE(learning::prepare_torch());
  HeadOptions options;
  options.run_directory = directory;
  options.stages = experiment::stage_function;
  options.config = testing::small_base();
  testing::add_pretraining(options.config);
  for (const auto* name : {"first", "last"}) {
    auto& stage =
        testing::add_stage<experiment::ReinforceStageConfig>(options.config, "reinforce", name);
    stage.reinforce = testing::small_reinforce(0);
    stage.reinforce.rounds = 2;
    stage.reinforce.attempts_per_update = experiment::ReinforceConfig().attempts_per_update;
    stage.reinforce.value_updates = experiment::ReinforceConfig().value_updates;
    stage.reinforce.value = {};
    if (*name == 'l') stage.start = "first";
  }
  REQUIRE(check(options.config));
  return options;
}

// The attempts that the last stage learned from.
std::vector<AttemptGroup> attempts_of_last(const HeadOptions& options) {
  constexpr std::uint64_t kFirst = 5'000'000'000;  // after two evaluations, "first", and two more
  const auto store =
      persistence::Store::open(options.run_directory + "/store", persistence::Store::Mode::kRead)
          .value();
  std::vector<AttemptGroup> groups;
  REQUIRE(store.scan(kFirst, [&](const AttemptGroup& group) {
    if (group.attempts.size() > 1) groups.push_back(group);
    return true;
  }));
  return groups;
}

std::int64_t wins_of(const std::vector<AttemptGroup>& groups) {
  experiment::AttemptCounts counts;
  counts.add(groups);
  return counts.wins;
}

}  // namespace

TEST_CASE("a raised limit has its stage go on and those behind it run again", "[head]") {
  const TemporaryFolder folder;
  auto options = three_stages(folder.path("run"));
  std::map<std::string, std::vector<std::uint64_t>> steps;  // by stage
  std::vector<std::string> said;                            // on resuming
  options.show = [&](const ProgressUpdate& update) {
    steps[update.row.phase].push_back(update.row.step);
    if (update.row.phase == "resume") said.push_back(update.line);
  };
  const auto file = [&](const std::string& name) {
    return read_file(folder.path("run/" + name)).value();
  };
  const auto before = run_head(options);
  REQUIRE(before);
  const auto mark = file("stages/base.json");
  const auto first = file("models/first.safetensors"), last = file("models/last.safetensors");
  const auto attempts = attempts_of_last(options);
  CHECK(attempts.size() == 2 * 12);
  CHECK(file("policy.safetensors") == last);
  steps.clear();
  options.resume = true;
  testing::settings<experiment::ReinforceStageConfig>(options.config, "first").reinforce.rounds = 3;
  const auto after = run_head(options);
  REQUIRE(after);
  const auto results = [](const nlohmann::json& report, const char* stage) {
    return report.at("results").at(stage);
  };
  // What is before it stays as it was.
  CHECK(file("stages/base.json") == mark);
  CHECK_FALSE(steps.contains("base"));
  CHECK(results(*after, "base") == results(*before, "base"));
  // It goes on from its save.
  CHECK(steps["first"] == std::vector<std::uint64_t>{3});
  CHECK(results(*after, "first").at("rounds") == 3);
  CHECK(results(*after, "first").at("curve").size() == 3);
  for (const std::size_t point : {0, 1})
    CHECK(results(*after, "first")["curve"][point] == results(*before, "first")["curve"][point]);
  CHECK(file("models/first.safetensors") != first);
  // What is behind it starts from its new model, not from a save of its own.
  CHECK(steps["last"] == std::vector<std::uint64_t>{1, 2});
  CHECK(results(*after, "last").at("rounds") == 2);
  CHECK(file("models/last.safetensors") != last);
  CHECK(file("policy.safetensors") == file("models/last.safetensors"));
  // The store has the attempts that it learned from now.
  const auto now = attempts_of_last(options);
  CHECK(now.size() == 2 * 12);
  CHECK(now != attempts);
  CHECK(wins_of(now) == results(*after, "last").at("attempts").at("wins"));
  const auto says = [&](const std::string& part) {
    return std::any_of(said.begin(), said.end(),
                       [&](const std::string& line) { return has(line, part); });
  };
  CHECK(says("continuing with stages.first.rounds = 3 (was 2)"));
  CHECK(says("resuming; finished stages: base"));
  CHECK(says(" of first"));
  CHECK_FALSE(says(" of last"));
}

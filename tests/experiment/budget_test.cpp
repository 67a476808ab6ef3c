// What a reinforcement learning run may spend, and what stages have spent, against values worked
// out by hand.
#include "experiment/text/budget.hpp"

#include <catch2/catch.hpp>

#include "experiment/run_stages.hpp"
#include "tests/support/small_run.hpp"

namespace qstar {
using namespace experiment;
namespace {

using nlohmann::json;

// Of rounds whose tokens are known.
std::int64_t rounds_left(const Budget& budget, const Spent& spent, std::int64_t tokens_per_round) {
  return budget.rounds_left(spent, tokens_per_round);
}

TEST_CASE("the share of a budget in tokens or in rounds is what is spent of it", "[budget]") {
  const Budget in_tokens{.tokens = 1000, .rounds = 0};
  CHECK(in_tokens.share({0, 0}) == 0);
  CHECK(in_tokens.share({250, 0}) == 0.25);
  CHECK(in_tokens.share({250, 99}) == 0.25);  // rounds have no limit
  CHECK(in_tokens.share({999, 1}) < 1);
  CHECK(in_tokens.share({1000, 1}) == 1);
  const Budget in_rounds{.tokens = 0, .rounds = 8};
  CHECK(in_rounds.share({0, 0}) == 0);
  CHECK(in_rounds.share({1'000'000'000, 2}) == 0.25);  // tokens have no limit
  CHECK(in_rounds.share({0, 7}) == 0.875);
  CHECK(in_rounds.share({0, 8}) == 1);
}

TEST_CASE("of two limits the nearer one counts", "[budget]") {
  const Budget both{.tokens = 1000, .rounds = 8};
  CHECK(both.share({500, 2}) == 0.5);
  CHECK(both.share({500, 6}) == 0.75);
  CHECK(both.share({1000, 1}) == 1);
  CHECK(both.share({10, 8}) == 1);
}

TEST_CASE("no more than the whole budget is spent", "[budget]") {
  CHECK(Budget{1000, 0}.share({1700, 3}) == 1);
  CHECK(Budget{0, 8}.share({0, 9}) == 1);
  CHECK(Budget{1000, 8}.share({5000, 20}) == 1);
}

TEST_CASE("the rounds that fit into the remaining tokens are rounded up", "[budget]") {
  const Budget budget{.tokens = 1000, .rounds = 0};
  CHECK(rounds_left(budget, {0, 0}, 200) == 5);
  CHECK(rounds_left(budget, {199, 1}, 200) == 5);  // 801 tokens are left
  CHECK(rounds_left(budget, {200, 1}, 200) == 4);
  CHECK(rounds_left(budget, {201, 1}, 200) == 4);  // 799
  CHECK(rounds_left(budget, {999, 5}, 200) == 1);
  CHECK(rounds_left(budget, {0, 0}, 1) == 1000);
  CHECK(rounds_left(budget, {0, 0}, 5000) == 1);
  CHECK(rounds_left({1'000'000'000'000, 0}, {1, 1}, 1'000'000) == 1'000'000);
}

TEST_CASE("before the tokens of a round are known there is room for one", "[budget]") {
  CHECK(rounds_left({1000, 0}, {0, 0}, 0) == 1);
  CHECK(rounds_left({1000, 8}, {0, 0}, 0) == 1);
}

TEST_CASE("a limit in rounds needs no tokens", "[budget]") {
  const Budget budget{.tokens = 0, .rounds = 10};
  CHECK(rounds_left(budget, {0, 0}, 0) == 10);
  CHECK(rounds_left(budget, {0, 3}, 0) == 7);
  CHECK(rounds_left(budget, {123'456, 3}, 500) == 7);
}

TEST_CASE("of two limits the fewer rounds are left", "[budget]") {
  const Budget both{.tokens = 1000, .rounds = 4};
  CHECK(rounds_left(both, {0, 0}, 100) == 4);    // tokens for 10
  CHECK(rounds_left(both, {700, 1}, 150) == 2);  // 3 rounds
  CHECK(rounds_left(both, {0, 3}, 100) == 1);
}

TEST_CASE("a spent budget leaves one round, so that there is always one to begin", "[budget]") {
  CHECK(rounds_left({1000, 0}, {1000, 5}, 200) == 1);
  CHECK(rounds_left({1000, 0}, {1900, 5}, 200) == 1);
  CHECK(rounds_left({0, 4}, {0, 4}, 0) == 1);
  CHECK(rounds_left({0, 4}, {0, 9}, 0) == 1);
}

// ---- costs, with stages that only spend --------------------------------------------------------

// An engine in which other processes spend CPU time when a stage says so.
class SpendingEngine final : public Engine {
 public:
  Result<ModelHash> publish(std::string) override { return ModelHash(); }
  TaskId submit(Task) override { return 0; }
  Result<TaskResult> wait(TaskId) override { return TaskResult{}; }
  bool ready(TaskId) const override { return true; }
  void cancel(std::span<const TaskId>) override {}
  double remote_cpu_seconds() const override { return cpu_; }
  EngineTimes times() const override { return times_; }
  void spend(double cpu) {
    cpu_ += cpu;
    times_ = times_ + EngineTimes{cpu / 10, cpu / 20, cpu / 4, cpu / 5};
  }

 private:
  double cpu_ = 7;  // of whatever came before the stages
  EngineTimes times_ = {70, 7, 17, 27};
};

// A host that keeps saves and finished stages over sessions.
struct Sessions {
  const Experiment& config;
  std::map<std::string, SavedParts> saves = {};
  std::map<std::string, FinishedStage> kept = {};

  RunHost host() {
    auto host = local_host(config);
    host.engine = std::make_shared<SpendingEngine>();
    host.load = [this](std::string_view label) { return saves[std::string(label)]; };
    host.save = [this](std::string_view label, const auto& parts, bool at_once) {
      if (at_once) saves[std::string(label)] = parts();
      return Status{};
    };
    return host;
  }
  FinishedStages finished() {
    return {[this](const std::string& stage) -> Result<std::optional<FinishedStage>> {
              const auto it = kept.find(stage);
              if (it == kept.end()) return std::nullopt;
              return it->second;
            },
            [this](const std::string& stage, const FinishedStage& done) {
              kept[stage] = done;
              return Status{};
            }};
  }
};

// What the stages of the tests below do.
struct Script {
  double spends = 0;                                // remote CPU seconds, before the saves
  std::vector<std::string> loads = {}, saves = {};  // labels, in order
  bool interrupted = false;
  std::map<std::string, SavedParts> loaded = {};
};
std::map<std::string, Script>& scripts() {
  static std::map<std::string, Script> all;
  return all;
}

Result<StageResult> scripted_stage(Run& run, const StageEntry& stage) {
  auto& script = scripts()[stage.name];
  for (const auto& label : script.loads) {
    auto parts = run.host().load(label);
    if (!parts) return tl::unexpected(parts.error());
    script.loaded[label] = std::move(*parts);
  }
  dynamic_cast<SpendingEngine&>(run.engine()).spend(script.spends);
  for (const auto& label : script.saves)
    if (auto kept = run.host().save(
            label,
            [] {
              return SavedParts{{"state", "as it was"}};
            },
            true);
        !kept)
      return tl::unexpected(kept.error());
  if (script.interrupted) return fail(Errc::kInterrupted, "stopped");
  return StageResult{{{"answer", 42}}, {}};
}

StageFunction scripted(std::string_view) { return scripted_stage; }

Experiment two_stages() {
  auto config = testing::small_base();
  testing::add_pretraining(config);
  testing::add_stage<FineTuneConfig>(config, "finetune");
  return config;
}

// A session with a new engine.
Result<RunOutcome> scripted_run(Sessions& sessions) {
  return run_stages(sessions.config, testing::small_problems(sessions.config), sessions.host(),
                    scripted, sessions.finished());
}

// CPU seconds, but for those that the test itself takes.
bool is_about(const json& seconds, double expected) {
  const double given = seconds;
  return given > expected - 1e-6 && given < expected + 5;
}

TEST_CASE("a stage costs what was spent while it ran, and the run the sum of its stages") {
  const auto config = two_stages();
  Sessions sessions{config};
  scripts() = {{"base", {.spends = 100}}, {"sft", {.spends = 40}}};
  const auto outcome = scripted_run(sessions);
  REQUIRE(outcome);
  const auto& report = outcome->report;
  CHECK(report.at("results") == json{{"base", {{"answer", 42}}}, {"sft", {{"answer", 42}}}});
  CHECK(is_about(report.at("stages")[0].at("cpu_seconds"), 100));
  CHECK(is_about(report.at("stages")[1].at("cpu_seconds"), 40));
  CHECK(is_about(report.at("cost").at("cpu_seconds"), 140));
  CHECK(report.at("cost").at("wall_seconds").get<double>() == Approx(14));
  CHECK(report.at("cost").at("learner_waited_seconds").get<double>() == Approx(7));
  CHECK(report.at("cost").at("executors_busy_seconds").get<double>() == Approx(35));
  CHECK(report.at("cost").at("executors_idle_seconds").get<double>() == Approx(28));
  CHECK(report.at("cost").at("peak_memory_bytes") > 0);
}

TEST_CASE("the costs of an interrupted stage go on counting") {
  const auto config = two_stages();
  Sessions sessions{config};
  scripts() = {{"base", {.spends = 100, .loads = {"work"}, .saves = {"work"}, .interrupted = true}},
               {"sft", {.spends = 40}}};
  const auto first = scripted_run(sessions);
  REQUIRE_FALSE(first);
  CHECK(first.error().code == Errc::kInterrupted);
  CHECK(scripts()["base"].loaded["work"].empty());
  CHECK(sessions.kept.empty());
  CHECK(sessions.saves.at("work").at("state") == "as it was");
  CHECK(sessions.saves.at("work").size() == 2);  // what it costs, too

  scripts()["base"].spends = 50;
  const auto second = scripted_run(sessions);
  REQUIRE_FALSE(second);
  // The stage is given what it saved, and nothing else.
  CHECK(scripts()["base"].loaded["work"] == SavedParts{{"state", "as it was"}});

  scripts()["base"].interrupted = false;
  scripts()["base"].spends = 10;
  const auto last = scripted_run(sessions);
  REQUIRE(last);
  CHECK(is_about(last->report.at("stages")[0].at("cpu_seconds"), 160));
  CHECK(is_about(last->report.at("stages")[1].at("cpu_seconds"), 40));
  CHECK(is_about(last->report.at("cost").at("cpu_seconds"), 200));
  CHECK(last->report.at("cost").at("wall_seconds").get<double>() == Approx(20));
  CHECK(last->report.at("cost").at("executors_busy_seconds").get<double>() == Approx(50));
  CHECK(is_about(sessions.kept.at("base").cost.cpu_seconds, 160));

  // Finished stages cost what they did cost, however often the run is resumed.
  scripts() = {{"base", {.spends = 1000}}, {"sft", {.spends = 1000}}};
  const auto again = scripted_run(sessions);
  REQUIRE(again);
  CHECK(again->report.at("stages") == last->report.at("stages"));
  CHECK(again->report.at("cost").at("cpu_seconds") == last->report.at("cost").at("cpu_seconds"));
}

TEST_CASE("of several saves of one stage the latest says what it has cost") {
  const auto config = two_stages();
  Sessions sessions{config};
  // The save under "early" is of the first session, the one under "late" of the second.
  scripts() = {{"base", {.spends = 100, .saves = {"early"}, .interrupted = true}},
               {"sft", {.spends = 40}}};
  REQUIRE_FALSE(scripted_run(sessions));
  scripts()["base"] = {.spends = 30, .loads = {"early"}, .saves = {"late"}, .interrupted = true};
  REQUIRE_FALSE(scripted_run(sessions));
  for (const auto& order : {std::vector<std::string>{"early", "late"}, {"late", "early"}}) {
    sessions.kept.clear();
    scripts()["base"] = {.spends = 5, .loads = order, .saves = {}};
    const auto outcome = scripted_run(sessions);
    REQUIRE(outcome);
    CHECK(is_about(outcome->report.at("stages")[0].at("cpu_seconds"), 135));
    CHECK(is_about(outcome->report.at("stages")[1].at("cpu_seconds"), 40));
  }
}

TEST_CASE("a save without costs, or with damaged ones, is read as it is") {
  const auto config = two_stages();
  Sessions sessions{config};
  const auto costs_after = [&](SavedParts parts) {
    sessions.kept.clear();
    sessions.saves["work"] = std::move(parts);
    scripts() = {{"base", {.spends = 5, .loads = {"work"}, .saves = {}}}};
    const auto outcome = scripted_run(sessions);
    REQUIRE(outcome);
    CHECK(scripts()["base"].loaded["work"] == SavedParts{{"state", "old"}});
    return outcome->report.at("stages")[0].at("cpu_seconds");
  };
  CHECK(is_about(costs_after({{"state", "old"}}), 5));
  for (const auto* damaged : {"", "{", "[1]", R"({"cpu_seconds": "9"})"})
    CHECK(is_about(costs_after({{"state", "old"}, {"stage_cost.json", damaged}}), 5));
  CHECK(
      is_about(costs_after({{"state", "old"}, {"stage_cost.json", R"({"cpu_seconds": 9})"}}), 14));
}

}  // namespace
}  // namespace qstar

// Training on a puzzle over an engine: in lock-step the same as a plain loop, byte for byte; with
// batches ordered ahead the same however often it is interrupted.
#include "experiment/puzzle/cost_to_go.hpp"

#include <limits>

#include "learning/cost_to_go/puzzle_targets.hpp"
#include "persistence/store.hpp"
#include "tests/support/corridor_puzzle.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::experiment;

namespace {

Experiment tiny() {
  Experiment experiment;
  experiment.environment = {.name = "lights_out", .size = 3};
  experiment.stages.emplace_back("cost_to_go");
  auto& config = *experiment.stages.front().as<CostToGoConfig>();
  config.learner.network = {.first = 64, .second = 32, .blocks = 1};
  config.learner.scrambles = {.depth = 9, .batch = 64};
  config.learner.check_period = 20;
  config.learner.patience = 1;  // every check replaces the target network
  config.learner.check_moves = 9;
  config.updates = 110;
  return experiment;
}

CostToGoConfig& stage_of(Experiment& experiment) {
  return *experiment.stages.front().as<CostToGoConfig>();
}

Result<StageResult> learn_cost_to_go(const Experiment& experiment, StageHost host) {
  Run run(experiment, problems_of(experiment).value(), RunHost{std::move(host), {}, {}});
  return cost_to_go_stage(run, experiment.stages.front());
}

inference::PuzzleModel plain_loop(const Experiment& experiment) {
  const auto puzzle = problems_of(experiment)->puzzle;
  const auto& config = *experiment.stages.front().as<CostToGoConfig>();
  learning::PuzzleLearner learner = learner_of(experiment, config, puzzle).value();
  learning::Scrambles scrambles(puzzle, config.learner.scrambles, scrambles_seed(experiment));
  for (std::uint64_t i = 0; learner.updates() < config.updates; ++i) {
    learner.update(scrambles.batch(i));
    if (learner.check_due()) learner.check();
  }
  return learner.model();
}

const std::string& bytes_of(const StageResult& made) {
  REQUIRE(made.models.size() == 1);
  return made.models.at("cost_to_go").network;
}
inference::PuzzleModel model_of(const StageResult& made) {
  return inference::parse_puzzle_model(bytes_of(made), "test").value();
}

// Notes what is ordered, and can spoil results.
class WatchedEngine final : public Engine {
 public:
  Result<ModelHash> publish(std::string bytes) override {
    auto hash = inner_.publish(std::move(bytes)).value();
    published.push_back(hash);
    return hash;
  }
  TaskId submit(Task task) override {
    ordered.push_back(std::get<ScrambleTask>(task));
    return inner_.submit(std::move(task));
  }
  Result<TaskResult> wait(TaskId task) override {
    auto result = inner_.wait(task);
    if (spoil) spoil(*result);
    return result;
  }
  void cancel(std::span<const TaskId> tasks) override { inner_.cancel(tasks); }
  bool ready(TaskId) const override { return true; }
  double remote_cpu_seconds() const override { return 0; }
  EngineTimes times() const override { return {++now_, 0, 0, 0}; }  // so that all is shown

  std::vector<ModelHash> published;
  std::vector<ScrambleTask> ordered;
  std::function<void(TaskResult&)> spoil;

 private:
  LocalEngine inner_{nullptr, 1};
  mutable double now_ = 0;
};

// A host that keeps the newest save, and interrupts after some reports.
struct Interrupting {
  std::int64_t reports_left = std::numeric_limits<std::int64_t>::max();
  SavedParts saved;
  std::vector<AttemptGroup> kept;
  std::vector<StageProgress> shown;
  std::shared_ptr<WatchedEngine> engine = std::make_shared<WatchedEngine>();

  StageHost host() {
    StageHost host = local_stage_host(nullptr, 1);
    host.engine = engine;
    host.keep = [this](const std::string& packed) {
      const auto groups = persistence::unpack(packed).value();
      kept.insert(kept.end(), groups.begin(), groups.end());
      return Status{};
    };
    host.show = [this](const StageProgress& progress) -> Status {
      shown.push_back(progress);
      if (reports_left-- > 0) return {};
      return fail(Errc::kInterrupted, "stopped");
    };
    host.load = [this](std::string_view) { return saved; };
    host.save = [this](std::string_view, const auto& parts, bool at_once) {
      if (at_once) saved = parts();
      return Status{};
    };
    return host;
  }
  CostToGoState state() const { return load_cost_to_go_state(saved.at("state")).value(); }
};

ExampleBatch batch_at(std::uint64_t index) { return {index, {{1, 2}, {0, 1}, {}, {}}, {1, 3.5F}}; }

ExampleBatch without_targets(std::uint64_t index) {
  constexpr float kUnknown = std::numeric_limits<float>::infinity();
  return {index, {{1, 2}, {0, 1}, {1, kUnknown}, {1, -0.0F}}, {}};
}

}  // namespace

TEST_CASE("in lock-step a network learns as in a plain loop, byte for byte", "[cost_to_go]") {
  Experiment experiment = tiny();
  auto& config = stage_of(experiment);
  config.checks_ahead = 0;
  SECTION("with one network") {}
  SECTION("with double Q-learning") { config.learner.double_q = true; }
  SECTION("with a warm-up of known ways back") { config.learner.warm_up = 33; }
  SECTION("with leases that are longer than the time between checks") {
    config.batches_per_lease = 30;
  }
  Interrupting outside;
  const auto made = learn_cost_to_go(experiment, outside.host());
  REQUIRE(made.has_value());
  CHECK(model_of(*made).parameters == plain_loop(experiment).parameters);
  CHECK(model_of(*made).metadata.at("updates") == "110");
  const auto state = outside.state();
  CHECK(state.checks == 6);  // 20, 40, … 100, and one at the end
  CHECK(state.newest.updates == 110);
  CHECK(state.target_version == 7);
  CHECK(state.examples == 110 * 64);
  // As the report says it.
  CHECK(made->figures.at("curve").size() == 6);
  CHECK(made->figures.at("updates") == 110);
  CHECK(made->figures.at("examples") == 110 * 64);
  CHECK(made->figures.at("target_versions") == 7);
  CHECK(made->figures.at("solved") == made->figures.at("curve").back().at("solved"));
  CHECK(made->figures.at("network") ==
        nlohmann::json({{"values", "q"}, {"first", 64}, {"second", 32}, {"blocks", 1}}));
}

TEST_CASE("batches are ordered ahead within their bounds", "[cost_to_go]") {
  Experiment experiment = tiny();
  auto& config = stage_of(experiment);
  config.batches_ahead = 12;
  config.checks_ahead = GENERATE(0, 1, 2);
  Interrupting outside;
  const auto made = learn_cost_to_go(experiment, outside.host());
  REQUIRE(made.has_value());
  // Every batch once, in order, none too many.
  std::uint64_t next = 0;
  std::size_t stale = 0;
  for (const auto& task : outside.engine->ordered) {
    CHECK(task.first_batch == next);
    CHECK(task.batches <= 8);
    next += task.batches;
    // Batch b is fitted after b / 20 checks, each of which replaced the target network.
    for (std::uint64_t b = task.first_batch; b < next; ++b) {
      const auto& names = outside.engine->published;
      const auto version = static_cast<std::size_t>(
          std::find(names.begin(), names.end(), task.network) - names.begin());
      REQUIRE(version < names.size());
      CHECK(b / 20 <= version + static_cast<std::size_t>(config.checks_ahead));
      CHECK(version <= b / 20);
      stale += b / 20 > version;
    }
  }
  CHECK(next == 110);
  CHECK((stale > 0) == (config.checks_ahead > 0));
}

TEST_CASE("an interrupted training ends with the same bytes", "[cost_to_go]") {
  Experiment experiment = tiny();
  stage_of(experiment).checks_ahead = GENERATE(0, 1, 2);
  stage_of(experiment).batches_ahead = GENERATE(12, 32);  // 12: no whole number of leases
  Interrupting never;
  const auto straight = learn_cost_to_go(experiment, never.host());
  REQUIRE(straight.has_value());
  Interrupting outside;
  for (int stops = 0;; ++stops) {
    outside.reports_left = stops % 3;
    outside.engine = std::make_shared<WatchedEngine>();
    const auto made = learn_cost_to_go(experiment, outside.host());
    if (!made) {
      REQUIRE(made.error().code == Errc::kInterrupted);
      continue;
    }
    CHECK(stops > 20);
    CHECK(bytes_of(*made) == bytes_of(*straight));
    CHECK(outside.state().checks == never.state().checks);
    break;
  }
}

TEST_CASE("greedy play is kept, each attempt under its own id", "[cost_to_go]") {
  Experiment experiment = tiny();
  stage_of(experiment).record = {.checks = 2, .positions = 4};
  Interrupting outside;
  REQUIRE(learn_cost_to_go(experiment, outside.host()).has_value());
  CHECK(outside.kept.size() == static_cast<std::size_t>(outside.state().records));
  CHECK(outside.kept.size() > 8);  // of checks 0, 2, 4 and of the last one
  for (std::size_t i = 0; i < outside.kept.size(); ++i)
    CHECK(outside.kept[i].group == i);  // the stage's label is the first of the run
  stage_of(experiment).record.checks = 0;
  Interrupting none;
  REQUIRE(learn_cost_to_go(experiment, none.host()).has_value());
  CHECK(none.kept.empty());
}

TEST_CASE("training continues with more updates, and not with fewer", "[cost_to_go]") {
  Experiment experiment = tiny();
  stage_of(experiment).checks_ahead = 0;
  Interrupting outside;
  REQUIRE(learn_cost_to_go(experiment, outside.host()).has_value());
  stage_of(experiment).updates = 150;
  const auto longer = learn_cost_to_go(experiment, outside.host());
  REQUIRE(longer.has_value());
  CHECK(longer->figures.at("updates") == 150);
  CHECK(outside.state().updates == 150);
  CHECK(outside.state().checks == 8);
  stage_of(experiment).updates = 149;
  const auto fewer = learn_cost_to_go(experiment, outside.host());
  REQUIRE(fewer.error().code == Errc::kConfig);
  CHECK(fewer.error().message.find("stages.cost_to_go.updates = 149") != std::string::npos);
}

TEST_CASE("a training whose loss is not finite ends and says what to lower", "[cost_to_go]") {
  const Experiment experiment = tiny();
  Interrupting outside;
  outside.engine->spoil = [](TaskResult& result) { result.batches[1].targets[3] = 3e38F; };
  StageHost host = outside.host();
  std::string batch;
  host.keep_failed = [&](std::string_view label, std::string_view json) -> Result<std::string> {
    CHECK(label == "cost_to_go");
    batch = json;
    return "failed/batch.json";
  };
  const auto made = learn_cost_to_go(experiment, host);
  REQUIRE(made.error().code == Errc::kConfig);
  CHECK(made.error().message.find("cost_to_go") != std::string::npos);
  CHECK(made.error().message.find("lower the stage's rate") != std::string::npos);
  CHECK(made.error().message.find("failed/batch.json") != std::string::npos);
  const auto kept = nlohmann::json::parse(batch);
  CHECK(kept.at("rows").size() == 64);
  CHECK(kept.at("rows").at(0).at("position").is_string());
}

TEST_CASE("faulty results of nodes end the training", "[cost_to_go]") {
  const Experiment experiment = tiny();
  Interrupting outside;
  SECTION("a batch too few") {
    outside.engine->spoil = [](TaskResult& result) { result.batches.pop_back(); };
  }
  SECTION("a batch of inconsistent sizes") {
    outside.engine->spoil = [](TaskResult& result) { result.batches[0].targets.pop_back(); };
  }
  const auto made = learn_cost_to_go(experiment, outside.host());
  REQUIRE(made.error().code == Errc::kCorrupt);
}

TEST_CASE("batches that no node makes are refused", "[example_batch]") {
  const testing::Corridor puzzle;
  REQUIRE(check(batch_at(0), puzzle, 1));
  REQUIRE(check(without_targets(0), puzzle, 1));
  ExampleBatch bad = batch_at(0);
  SECTION("a position too few") { bad.examples.states.pop_back(); }
  SECTION("a target too few") { bad.targets.pop_back(); }
  SECTION("a move that is none") { bad.examples.moves[0] = 2; }
  SECTION("a target that is no number") {
    bad.targets[0] = std::numeric_limits<float>::quiet_NaN();
  }
  SECTION("neither targets nor bounds") { bad.targets.clear(); }
  REQUIRE(check(bad, puzzle, 1).error().code == Errc::kCorrupt);
}

TEST_CASE("where several outputs are taught, there is a target for each, or none",
          "[example_batch]") {
  const testing::Corridor puzzle;
  ExampleBatch batch = batch_at(0);
  REQUIRE_FALSE(check(batch, puzzle, 3));
  batch.targets.resize(3 * batch.examples.size(), std::numeric_limits<float>::quiet_NaN());
  REQUIRE(check(batch, puzzle, 3));
}

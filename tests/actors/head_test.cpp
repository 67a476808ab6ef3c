// Whole runs on text in this process: where an actor fails, or the run is stopped, it goes on from
// the newest checkpoint, and its end is the one that it would have had.
#include "actors/head.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "actors/process/certificates.hpp"
#include "core/files.hpp"
#include "experiment/text/stage_configs.hpp"
#include "experiment/text/stages.hpp"
#include "learning/policy/policy_learner.hpp"
#include "persistence/store.hpp"
#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::environment;
using namespace qstar::experiment;
using namespace qstar::actors;
namespace fs = std::filesystem;

namespace {

// Which draws of problems fail, counted from 1 over all sessions of a run. Training problems are
// drawn for the corpus and for rounds; held-out ones for every evaluation.
struct Failures {
  std::set<int> training = {}, held_out = {};
  bool always = false;
  int stop_at = 0;  // held-out draw at which the run is told to stop; from then on work is slow
  std::atomic<bool>* stop = nullptr;
};

// Arithmetic that throws at these draws.
class Failing final : public Environment {
 public:
  explicit Failing(Failures failures) : failures_(std::move(failures)) {}

  std::string sample_problem(Rng& rng, Split split) const override {
    const bool training = split == Split::kTraining;
    const int draw = training ? ++training_ : ++held_out_;
    if (failures_.always || (training ? failures_.training : failures_.held_out).contains(draw))
      throw std::runtime_error("the problems ran out");
    if (!training && draw == failures_.stop_at) {
      slow_ = true;  // so that the stop is noticed before the work is done
      *failures_.stop = true;
    }
    return inner_->sample_problem(rng, split);
  }
  int training() const { return training_; }
  int held_out() const { return held_out_; }

  std::string_view name() const override { return inner_->name(); }
  std::string_view alphabet() const override { return inner_->alphabet(); }
  Result<State> reset(std::string_view problem) const override { return inner_->reset(problem); }
  StepResult step(const State& s, std::string_view step) const override {
    if (slow_) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return inner_->step(s, step);
  }
  std::string answer(const State& s) const override { return inner_->answer(s); }
  std::vector<std::string> legal_steps(const State& s) const override {
    return inner_->legal_steps(s);
  }
  Result<std::vector<std::string>> solve(const State& s) const override { return inner_->solve(s); }

 private:
  // Sums so small that a policy which has hardly learned wins some of them, some by luck.
  EnvironmentPtr inner_ = make_environment({.family = "custom",
                                            .operators = "+",
                                            .max_operand = 5,
                                            .operator_counts = {1, 2},
                                            .max_products = 0})
                              .value();
  Failures failures_;
  mutable std::atomic<int> training_{0}, held_out_{0};
  mutable std::atomic<bool> slow_{false};
};

std::shared_ptr<Failing> failing(Failures failures) {
  return std::make_shared<Failing>(std::move(failures));
}

// The smoke experiment in a second or two: two rounds.
Experiment tiny() {
  Experiment experiment;
  const std::vector<std::string> shorter = {"model.layers=1",
                                            "model.width=16",
                                            "stages.base.steps=50",
                                            "stages.base.rows=8",
                                            "stages.reinforce.rounds=2",
                                            "stages.reinforce.curve_every=1",
                                            "stages.reinforce.updates=2",
                                            "stages.reinforce.groups_per_update=8",
                                            "engine.executors=1",
                                            "attempts.max_tokens=32",
                                            "evaluation.problems=10",
                                            "evaluation.curve_problems=10",
                                            "checkpoint.seconds=0",
                                            "restart.max_failures=3",
                                            "restart.first_delay=0.01"};
  REQUIRE(load_config(QSTAR_SOURCE_DIR "/configs/smoke.toml", shorter, describe_of(experiment)));
  REQUIRE(check(experiment));
  return experiment;
}

PretrainStageConfig& base_of(Experiment& experiment) {
  return *experiment.stages.at(0).as<PretrainStageConfig>();
}
ReinforceConfig& reinforce_of(Experiment& experiment) {
  return experiment.stages.at(1).as<ReinforceStageConfig>()->reinforce;
}

// A run under observation.
struct Observed {
  HeadOptions options;
  std::mutex mutex;
  std::vector<std::string> restarts;  // what was said at each
  std::vector<std::string> listens;

  Observed(const std::string& directory, EnvironmentPtr environment) {
    REQUIRE(learning::prepare_torch());
    options.config = tiny();
    options.stages = stage_function;
    options.run_directory = directory;
    options.environment = std::move(environment);
    options.show = [this](const ProgressUpdate& update) {
      const std::scoped_lock lock(mutex);
      if (update.row.phase == "restart") restarts.push_back(update.line);
      if (update.row.phase == "listen") listens.push_back(update.line);
    };
  }
  std::string file(const std::string& name) const { return options.run_directory + "/" + name; }
  std::string policy() const { return read_file(file("policy.safetensors")).value(); }
};

// The figures of the critic by the round, as the run's directory has them. Of rounds that were
// repeated the later row counts.
std::map<std::uint64_t, nlohmann::json> critic_figures(const std::string& directory) {
  std::map<std::uint64_t, nlohmann::json> figures;
  std::ifstream rows(directory + "/metrics.jsonl");
  for (std::string line; std::getline(rows, line);) {
    const auto row = nlohmann::json::parse(line);
    if (row["phase"] == "reinforce") figures[row["step"]] = row.value("step_auc", nlohmann::json());
  }
  return figures;
}

const nlohmann::json& base_figures(const nlohmann::json& report) {
  return report.at("results").at("base");
}
const nlohmann::json& figures_of(const nlohmann::json& report) {
  return report.at("results").at("reinforce");
}

void check_counters(Experiment experiment, const nlohmann::json& report) {
  const auto& base = base_of(experiment);
  const auto& config = reinforce_of(experiment);
  const auto& figures = figures_of(report);
  CHECK(base_figures(report).at("tokens") == base.steps * base.rows * base.length);
  CHECK(figures.at("rounds") == config.rounds);
  CHECK(figures.at("critic_updates") == config.rounds * config.critic_updates);
  const auto& attempts = figures.at("attempts");
  CHECK(attempts.at("n") == config.rounds * config.problems * config.samples);
  CHECK(attempts.at("lucky") <= attempts.at("wins"));
  CHECK(attempts.at("wins") <= attempts.at("n"));
  for (const auto* section : {&base_figures(report), &figures}) {
    CHECK(section->contains("greedy"));
    CHECK(section->contains("sampled"));
  }
}

// The counters are the store's. Evaluations, which make one attempt per problem, are there, too.
void check_store(const Observed& run, const nlohmann::json& report) {
  const auto store =
      persistence::Store::open(run.file("store"), persistence::Store::Mode::kRead).value();
  std::uint64_t attempts = 0, won = 0, lucky = 0, tokens = 0, single = 0;
  REQUIRE(store.scan(0, [&](const AttemptGroup& group) {
    for (const auto& attempt : group.attempts)
      for (const auto& step : attempt.steps) CHECK(step.model > 0);
    if (group.attempts.size() == 1) {
      ++single;
      return true;
    }
    for (const auto& attempt : group.attempts) {
      ++attempts;
      won += attempt.outcome == Outcome::kWon ? 1 : 0;
      lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
      for (const auto& step : attempt.steps) tokens += step.tokens.size();
    }
    return true;
  }));
  const auto& figures = figures_of(report);
  CHECK(attempts == figures.at("attempts").at("n"));
  CHECK(won + lucky == figures.at("attempts").at("wins"));
  CHECK(lucky == figures.at("attempts").at("lucky"));
  CHECK(tokens == figures.at("tokens"));
  CHECK(single == 4 * 10);  // two policies, greedily and sampled
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A port that nobody listens on at the moment.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

// Stops a run after 3 steps of time, resumes it and stops it after 4, then 5 …, so
// that all kinds of work are met, until it ends. Returns how often it stopped.
int stops_until_the_end(const std::string& directory, std::chrono::milliseconds step,
                        const std::string& model,
                        const std::map<std::uint64_t, nlohmann::json>& critic) {
  Observed run(directory, nullptr);
  std::atomic<bool> stop = false;
  run.options.stop = stop;
  for (int stops = 0;; ++stops) {
    std::thread later([&stop, step, stops] {
      std::this_thread::sleep_for(step * (3 + stops));
      stop = true;
    });
    const auto end = run_head(run.options);
    later.join();
    stop = false;
    run.options.resume = true;
    if (end) {
      CHECK(run.policy() == model);
      CHECK(critic_figures(directory) == critic);
      return stops;
    }
    REQUIRE(end.error().code == Errc::kInterrupted);
    REQUIRE(stops < 200);
  }
}

}  // namespace

TEST_CASE("a run whose actors fail ends as it would have without", "[head]") {
  const TemporaryFolder folder;
  const auto healthy = failing({});
  Observed whole(folder.path("whole"), healthy);
  base_of(whole.options.config).steps = 200;  // so that some attempts are won
  const auto expected = run_head(whole.options);
  REQUIRE(expected);
  CHECK(whole.restarts.empty());
  check_counters(whole.options.config, *expected);

  // In the middle of pre-training, and when the problems of the last evaluation are drawn.
  Observed broken(folder.path("broken"),
                  failing({{healthy->training() * 2 / 3}, {healthy->held_out()}}));
  broken.options.config = whole.options.config;
  const auto end = run_head(broken.options);
  REQUIRE(end);
  REQUIRE(broken.restarts.size() == 2);
  for (const auto& said : broken.restarts) CHECK(has(said, "the problems ran out"));
  check_counters(broken.options.config, *end);
  check_store(whole, *expected);
  const auto& attempts = figures_of(*expected).at("attempts");
  CHECK(attempts.at("lucky") > 0);  // so that the counters differ
  CHECK(attempts.at("wins") > attempts.at("lucky"));
  check_store(broken, *end);
  CHECK(broken.policy() == whole.policy());
  CHECK(figures_of(*end).at("attempts") == attempts);
  CHECK(figures_of(*end).at("tokens") == figures_of(*expected).at("tokens"));
  CHECK(figures_of(*end).at("curve") == figures_of(*expected).at("curve"));
  CHECK(figures_of(*end).at("critic") == figures_of(*expected).at("critic"));
}

TEST_CASE("a failure while attempts are ordered restarts the session, too", "[head]") {
  const TemporaryFolder folder;
  Observed run(folder.path("run"), failing({{1, 5}}));
  base_of(run.options.config).steps = 0;  // so that training problems are drawn for rounds alone
  const auto end = run_head(run.options);
  REQUIRE(end);
  REQUIRE(run.restarts.size() == 2);
  for (const auto& said : run.restarts) CHECK(has(said, "the problems ran out"));
  check_counters(run.options.config, *end);
  check_store(run, *end);
}

TEST_CASE("what fails always is given up, and can be resumed", "[head]") {
  const TemporaryFolder folder;
  for (const bool resume : {false, true}) {
    Observed hopeless(folder.path("run"), failing({{}, {}, true}));
    hopeless.options.resume = resume;
    const auto end = run_head(hopeless.options);
    REQUIRE_FALSE(end);
    INFO(end.error().message);
    CHECK(end.error().code == Errc::kActorFailed);
    CHECK(exit_code(end.error().code) == 6);
    CHECK(has(end.error().message, "gave up after repeated failures"));
    CHECK(has(end.error().message, "the problems ran out"));
    CHECK(hopeless.restarts.size() == 3);  // restart.max_failures
  }
  Observed repaired(folder.path("run"), nullptr);
  repaired.options.resume = true;
  const auto finished = run_head(repaired.options);
  REQUIRE(finished);
  CHECK(repaired.restarts.empty());
  check_counters(repaired.options.config, *finished);
  check_store(repaired, *finished);
}

TEST_CASE("a run that stops in the middle of an evaluation measures it later", "[head]") {
  const TemporaryFolder folder;
  const auto healthy = failing({});
  Observed whole(folder.path("whole"), healthy);
  const auto expected = run_head(whole.options);
  REQUIRE(expected);
  // The first problem of the first evaluation, which is that of the base, and the last of the last.
  for (const int draw : {1, healthy->held_out()}) {
    std::atomic<bool> stop = false;
    Observed run(folder.path("run" + std::to_string(draw)),
                 failing({.stop_at = draw, .stop = &stop}));
    run.options.stop = stop;
    auto end = run_head(run.options);
    REQUIRE_FALSE(end);
    CHECK(end.error().code == Errc::kInterrupted);
    CHECK(fs::exists(run.file("stages/base.json")) == (draw > 1));
    CHECK_FALSE(fs::exists(run.file("stages/reinforce.json")));
    stop = false;
    run.options.environment = failing({});
    run.options.resume = true;
    end = run_head(run.options);
    REQUIRE(end);
    CHECK(run.policy() == whole.policy());
    for (const auto* how : {"greedy", "sampled"}) {
      CHECK(base_figures(*end)[how]["accuracy"] == base_figures(*expected)[how]["accuracy"]);
      CHECK(figures_of(*end)[how]["accuracy"] == figures_of(*expected)[how]["accuracy"]);
    }
    CHECK(figures_of(*end).at("curve") == figures_of(*expected).at("curve"));
  }
}

TEST_CASE("a run may stop anywhere and ends with the same bytes", "[head]") {
  const TemporaryFolder folder;
  Observed whole(folder.path("whole"), nullptr);
  REQUIRE(run_head(whole.options));
  // How long a run takes is the machine's affair: where it ends before it was stopped often enough,
  // stop earlier.
  int stops = 0;
  for (auto step = std::chrono::milliseconds(24); stops <= 3; step /= 2) {
    REQUIRE(step.count() > 0);
    stops = stops_until_the_end(folder.path("run" + std::to_string(step.count())), step,
                                whole.policy(), critic_figures(folder.path("whole")));
  }
}

TEST_CASE("a finished run continues with more rounds and records them", "[head]") {
  const TemporaryFolder folder;
  Observed run(folder.path("run"), nullptr);
  REQUIRE(run_head(run.options));
  const auto policy = run.policy();
  run.options.resume = true;
  reinforce_of(run.options.config).rounds = 4;
  run.options.config.checkpoint.keep = 1;
  const auto longer = run_head(run.options);
  REQUIRE(longer);
  check_counters(run.options.config, *longer);
  check_store(run, *longer);
  CHECK(run.policy() != policy);
  Experiment recorded;
  REQUIRE(load_config(folder.path("run/config.toml"), {}, describe_of(recorded)));
  CHECK(recorded == run.options.config);
  CHECK(nlohmann::json::parse(read_file(run.file("report.json")).value()) == *longer);
  reinforce_of(run.options.config).rounds = 3;
  const auto shorter = run_head(run.options);
  CHECK(shorter.error().code == Errc::kConfig);
  CHECK(has(shorter.error().message, "stages.reinforce.rounds = 3"));
}

TEST_CASE("a restarted session listens on the same port again", "[head]") {
  const TemporaryFolder folder;
  REQUIRE(make_certificates(folder.path("certificates"), {}));
  const auto port = free_port();
  Observed run(folder.path("run"), failing({{1, 400}}));
  run.options.listen = "127.0.0.1:" + std::to_string(port);
  run.options.certificates = folder.path("certificates");
  const auto end = run_head(run.options);
  REQUIRE(end);
  CHECK(run.restarts.size() == 2);
  REQUIRE(run.listens.size() == 3);
  for (const auto& said : run.listens) CHECK(has(said, std::to_string(port)));
  check_store(run, *end);
}

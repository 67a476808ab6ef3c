// The in-process restart: an actor of the head's family fails, the session goes on from the newest
// checkpoint, and the run's end is the one that it would have had.
#include "actors/text_head.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "actors/process/certificates.hpp"
#include "core/files.hpp"
#include "learning/policy/policy_learner.hpp"
#include "persistence/store.hpp"
#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::environment;
using namespace qstar::experiment;
using namespace qstar::actors;

namespace {

// Which draws of problems fail, counted from 1 over all sessions of a run. Training problems are
// drawn for the corpus and for leases; held-out ones once for all evaluations of a session.
struct Failures {
  std::set<int> training = {}, held_out = {};
  bool always = false;
  std::chrono::milliseconds delay{0};  // of every step that is judged
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
    return inner_->sample_problem(rng, split);
  }
  int training() const { return training_; }
  int held_out() const { return held_out_; }

  std::string_view name() const override { return inner_->name(); }
  std::string_view alphabet() const override { return inner_->alphabet(); }
  Result<State> reset(std::string_view problem) const override { return inner_->reset(problem); }
  StepResult step(const State& s, std::string_view step) const override {
    std::this_thread::sleep_for(failures_.delay);
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
};

std::shared_ptr<Failing> failing(Failures failures) {
  return std::make_shared<Failing>(std::move(failures));
}

// The smoke experiment in a second or two: two slices of pre-training, two versions.
ExperimentConfig tiny() {
  ExperimentConfig config;
  const std::vector<std::string> shorter = {"model.layers=1",
                                            "model.width=16",
                                            "pretrain.steps=50",
                                            "pretrain.rows=8",
                                            "rl.versions=2",
                                            "rl.updates_per_version=2",
                                            "rl.groups_per_update=8",
                                            "rollout.actors=1",
                                            "rollout.max_tokens=32",
                                            "evaluation.problems=10",
                                            "evaluation.curve_problems=10",
                                            "checkpoint.seconds=0",
                                            "restart.max_failures=3",
                                            "restart.first_delay=0.01"};
  REQUIRE(load_config(QSTAR_SOURCE_DIR "/configs/smoke.toml", shorter, describe_of(config)));
  REQUIRE(check(config));
  return config;
}

// A run under observation.
struct Run {
  TextHeadOptions options;
  std::mutex mutex;
  std::vector<std::string> restarts;  // what was said at each
  std::vector<std::string> listens;

  Run(const std::string& directory, EnvironmentPtr environment) {
    REQUIRE(learning::prepare_torch());
    options.config = tiny();
    options.run_directory = directory;
    options.environment = std::move(environment);
    options.show = [this](const Report& report) {
      const std::scoped_lock lock(mutex);
      if (report.row.phase == "restart") restarts.push_back(report.line);
      if (report.row.phase == "listen") listens.push_back(report.line);
    };
  }
};

// The figures of the critic by its updates, as the run's directory has them.
std::map<std::uint64_t, nlohmann::json> critic_figures(const std::string& directory) {
  std::map<std::uint64_t, nlohmann::json> figures;
  std::ifstream rows(directory + "/metrics.jsonl");
  for (std::string line; std::getline(rows, line);) {
    const auto row = nlohmann::json::parse(line);
    if (row["phase"] == "critic") figures[row["step"]] = row.value("step_auc", nlohmann::json());
  }
  return figures;
}

void check_counters(const ExperimentConfig& config, const TextState& run) {
  const auto versions = config.rl.versions;
  CHECK(run.finished);
  CHECK(run.pretrain_steps == config.pretrain.steps);
  CHECK(run.version == static_cast<std::uint64_t>(versions) + 1);
  CHECK(run.policy_updates == versions * config.rl.updates_per_version);
  CHECK(run.critic_updates == versions * config.critic.updates_per_version);
  CHECK(run.attempts > 0);
  CHECK(run.attempts %
            static_cast<std::uint64_t>(config.rollout.lease_groups * config.rollout.samples) ==
        0);
  CHECK(run.lucky <= run.wins);
  CHECK(run.wins <= run.attempts);
  CHECK(run.final_.contains("greedy"));
}

// The counters are the store's.
void check_store(const Run& run, const TextState& state) {
  const auto store = persistence::Store::open(run.options.run_directory + "/store",
                                              persistence::Store::Mode::kRead)
                         .value();
  std::uint64_t attempts = 0, won = 0, lucky = 0, tokens = 0;
  REQUIRE(store.scan(0, [&](const AttemptGroup& group) {
    for (const auto& attempt : group.attempts) {
      ++attempts;
      won += attempt.outcome == Outcome::kWon ? 1 : 0;
      lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
      for (const auto& step : attempt.steps) {
        tokens += step.tokens.size();
        CHECK(step.model > 0);
      }
    }
    return true;
  }));
  CHECK(attempts == state.attempts);
  CHECK(won + lucky == state.wins);
  CHECK(lucky == state.lucky);
  CHECK(tokens == state.generated_tokens);
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
  Run run(directory, nullptr);
  std::atomic<bool> stop = false;
  run.options.stop = stop;
  for (int stops = 0;; ++stops) {
    std::thread later([&stop, step, stops] {
      std::this_thread::sleep_for(step * (3 + stops));
      stop = true;
    });
    const auto end = run_text_head(run.options);
    later.join();
    stop = false;
    run.options.resume = true;
    if (end) {
      CHECK(end->policy == model);
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
  Run whole(folder.path("whole"), healthy);
  whole.options.config.pretrain.steps = 200;  // so that some attempts are won
  const auto expected = run_text_head(whole.options);
  REQUIRE(expected);
  CHECK(whole.restarts.empty());
  check_counters(whole.options.config, expected->state);

  // In the second slice of pre-training, and when the problems of the evaluations are drawn.
  Run broken(folder.path("broken"),
             failing({{healthy->training() * 2 / 3}, {healthy->held_out()}}));
  broken.options.config = whole.options.config;
  const auto end = run_text_head(broken.options);
  REQUIRE(end);
  REQUIRE(broken.restarts.size() == 2);
  for (const auto& said : broken.restarts) CHECK(has(said, "the problems ran out"));
  check_counters(broken.options.config, end->state);
  check_store(whole, expected->state);
  CHECK(expected->state.lucky > 0);  // so that the counters differ
  CHECK(expected->state.wins > expected->state.lucky);
  check_store(broken, end->state);
  CHECK(end->policy == expected->policy);
  CHECK(end->state.attempts == expected->state.attempts);
  CHECK(end->state.wins == expected->state.wins);
  CHECK(end->state.lucky == expected->state.lucky);
  CHECK(end->state.generated_tokens == expected->state.generated_tokens);
}

TEST_CASE("a failure while attempts are ordered restarts the session, too", "[head]") {
  const TemporaryFolder folder;
  Run run(folder.path("run"), failing({{1, 5}}));
  run.options.config.pretrain.steps = 0;  // so that training problems are drawn for leases alone
  const auto end = run_text_head(run.options);
  REQUIRE(end);
  REQUIRE(run.restarts.size() == 2);
  for (const auto& said : run.restarts) CHECK(has(said, "the problems ran out"));
  check_counters(run.options.config, end->state);
  check_store(run, end->state);
}

TEST_CASE("what fails always is given up, and can be resumed", "[head]") {
  const TemporaryFolder folder;
  for (const bool resume : {false, true}) {
    Run hopeless(folder.path("run"), failing({{}, {}, true}));
    hopeless.options.resume = resume;
    const auto end = run_text_head(hopeless.options);
    REQUIRE_FALSE(end);
    CHECK(end.error().code == Errc::kActorFailed);
    CHECK(exit_code(end.error().code) == 6);
    CHECK(has(end.error().message, "gave up after repeated failures"));
    CHECK(has(end.error().message, "the problems ran out"));
    CHECK(hopeless.restarts.size() == 3);  // restart.max_failures
  }
  Run repaired(folder.path("run"), nullptr);
  repaired.options.resume = true;
  const auto finished = run_text_head(repaired.options);
  REQUIRE(finished);
  CHECK(repaired.restarts.empty());
  check_counters(repaired.options.config, finished->state);
  check_store(repaired, finished->state);
}

TEST_CASE("a run that stops in the middle of an evaluation measures it later", "[head]") {
  const TemporaryFolder folder;
  Run whole(folder.path("whole"), failing({}));
  const auto expected = run_text_head(whole.options);
  REQUIRE(expected);
  for (const std::string at : {"base greedy", "final greedy"}) {
    // Slow enough for the stop to be noticed.
    Run run(folder.path(at.substr(0, 5)), failing({{}, {}, false, std::chrono::milliseconds(20)}));
    std::atomic<bool> stop = false;
    run.options.stop = stop;
    // The evaluation by sampling follows at once, and takes some tenths of a second.
    run.options.show = [&](const Report& report) { stop = stop || report.line.starts_with(at); };
    auto end = run_text_head(run.options);
    REQUIRE_FALSE(end);
    CHECK(end.error().code == Errc::kInterrupted);
    stop = false;
    run.options.show = [](const Report&) {};
    run.options.resume = true;
    end = run_text_head(run.options);
    REQUIRE(end);
    CHECK(end->policy == expected->policy);
    for (const auto* how : {"greedy", "sampled"}) {
      CHECK(end->state.base[how]["accuracy"] == expected->state.base[how]["accuracy"]);
      CHECK(end->state.final_[how]["accuracy"] == expected->state.final_[how]["accuracy"]);
    }
    CHECK(end->state.curve.size() == expected->state.curve.size());
    CHECK(end->state.evaluations.empty());
  }
}

TEST_CASE("a run may stop anywhere and ends with the same bytes", "[head]") {
  const TemporaryFolder folder;
  Run whole(folder.path("whole"), nullptr);
  const auto expected = run_text_head(whole.options);
  REQUIRE(expected);
  // How long a run takes is the machine's affair: where it ends before it was stopped often enough,
  // stop earlier.
  int stops = 0;
  for (auto step = std::chrono::milliseconds(24); stops <= 3; step /= 2) {
    REQUIRE(step.count() > 0);
    stops = stops_until_the_end(folder.path("run" + std::to_string(step.count())), step,
                                expected->policy, critic_figures(folder.path("whole")));
  }
}

TEST_CASE("a finished run continues with more versions and records them", "[head]") {
  const TemporaryFolder folder;
  Run run(folder.path("run"), nullptr);
  const auto first = run_text_head(run.options);
  REQUIRE(first);
  run.options.resume = true;
  run.options.config.rl.versions = 4;
  run.options.config.checkpoint.keep = 1;
  const auto longer = run_text_head(run.options);
  REQUIRE(longer);
  check_counters(run.options.config, longer->state);
  CHECK(longer->state.attempts > first->state.attempts);
  CHECK(longer->policy != first->policy);
  ExperimentConfig recorded;
  REQUIRE(load_config(folder.path("run/config.toml"), {}, describe_of(recorded)));
  CHECK(recorded == run.options.config);
  const auto report = nlohmann::json::parse(read_file(folder.path("run/report.json")).value());
  CHECK(report["cost"]["policy_versions"] == 5);
  run.options.config.rl.versions = 3;
  const auto shorter = run_text_head(run.options);
  CHECK(shorter.error().code == Errc::kConfig);
  CHECK(has(shorter.error().message, "rl.versions = 3"));
}

TEST_CASE("a restarted session listens on the same port again", "[head]") {
  const TemporaryFolder folder;
  REQUIRE(make_certificates(folder.path("certificates"), {}));
  const auto port = free_port();
  Run run(folder.path("run"), failing({{1, 400}}));
  run.options.listen = "127.0.0.1:" + std::to_string(port);
  run.options.certificates = folder.path("certificates");
  const auto end = run_text_head(run.options);
  REQUIRE(end);
  CHECK(run.restarts.size() == 2);
  REQUIRE(run.listens.size() == 3);
  for (const auto& said : run.listens) CHECK(has(said, std::to_string(port)));
  check_counters(run.options.config, end->state);
  check_store(run, end->state);
}

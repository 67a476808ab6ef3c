#include "actors/progress.hpp"

#include <nlohmann/json.hpp>

#include <catch2/catch.hpp>

using namespace qstar;

TEST_CASE("a pace is the rate since its first mark", "[progress]") {
  Pace pace;
  CHECK(pace.rate(100, 4) == 0);  // no rate yet
  CHECK(pace.rate(110, 9) == Approx(0.5));
  CHECK(pace.rate(140, 24) == Approx(0.5));
}

TEST_CASE("the time left is printed in the unit that fits", "[progress]") {
  CHECK(time_left(10, 0).empty());
  CHECK(time_left(10, 0.5) == "20 s left");
  CHECK(time_left(600, 1) == "10 min left");
  CHECK(time_left(36'000, 1) == "10.0 h left");
}

TEST_CASE("what is not measured yet is not shown as a figure", "[progress]") {
  Progress progress{ExperimentConfig{}};
  RunState run;
  run.phase = Phase::kReinforce;
  run.version = 2;
  const auto report = progress.trained(run, {}, {}, {}, 10);
  CHECK(report.line.find("greedy -  ") != std::string::npos);
  CHECK(report.line.find("0.000") == std::string::npos);
  for (const auto* name : {"greedy", "win_share", "staleness", "loss"})
    CHECK(report.row.values.count(name) == 0);
  const auto status = nlohmann::json::parse(progress.status(run, {}, {}));
  CHECK(status["figures"]["greedy"].is_null());
  CHECK(status["figures"]["win_share"].is_null());
  CHECK(status["staleness"]["mean"].is_null());
  const auto critic = progress.criticised(run, std::nullopt);
  CHECK(critic.line.find("loss -  step AUC -  calibration error -") != std::string::npos);
  CHECK(critic.row.values.empty());

  // From here on there is something to show.
  run.base = {{"greedy", {{"accuracy", 0.0}}}};
  run.critic = {{"step_auc", 0.75}, {"calibration_error", 0.125}};
  CHECK(progress.trained(run, {}, {}, {}, 11).line.find("greedy 0.000") != std::string::npos);
  CHECK(nlohmann::json::parse(progress.status(run, {}, {}))["figures"]["greedy"] == 0);
  const auto taught = progress.criticised(run, 0.5);
  CHECK(taught.line.find("loss 0.500  step AUC 0.750  calibration error 0.125") !=
        std::string::npos);
  CHECK(taught.row.values.at("loss") == 0.5);
}

TEST_CASE("the status has phase, progress, versions, queues and staleness", "[progress]") {
  ExperimentConfig config;
  config.rl.versions = 20;
  config.rl.staleness = 4;
  Progress progress(config);
  RunState run;
  run.pretrain_steps = config.pretrain.steps / 2;
  const auto early = nlohmann::json::parse(progress.status(run, {}, {}));
  CHECK(early["phase"] == "pretrain");
  CHECK(early["progress"] == Approx(0.5).epsilon(0.01));

  run.phase = Phase::kReinforce;
  run.version = 6;
  run.attempts = 200;
  run.wins = 150;
  Trained version;
  version.values["sampled_version"] = 3.5;
  ReplayStatus replay;
  replay.policy_size = 77;
  replay.dropped_stale = 5;
  replay.who_waits = "learner waits for rollouts";
  const auto report = progress.trained(run, version, replay, {3, 1, 2}, 10);
  CHECK(report.line.find("rl 5/20") == 0);
  CHECK(report.line.find("s left") == std::string::npos);
  CHECK(report.row.values.at("win_share") == 0.75);
  CHECK(report.row.values.at("staleness") == 1.5);

  const auto status = nlohmann::json::parse(progress.status(run, replay, {3, 1, 2}));
  CHECK(status["phase"] == "rl");
  CHECK(status["progress"] == 0.25);
  CHECK(status["versions"]["policy"] == 6);
  CHECK(status["queues"]["leases_outstanding"] == 3);
  CHECK(status["queues"]["executors_waiting"] == 1);
  CHECK(status["queues"]["replay_policy"] == 77);
  CHECK(status["staleness"]["mean"] == 1.5);
  CHECK(status["staleness"]["bound"] == 4);
  CHECK(status["staleness"]["dropped"] == 5);
}

TEST_CASE("an evaluation goes where the report looks for it", "[progress]") {
  RunState run;
  Evaluated figures;
  figures.accuracy = 0.75;
  figures.n = 4;
  record(run, "base", false, {{"policy_version", 1}}, figures);
  record(run, "base", true, {{"policy_version", 1}}, figures);
  record(run, "curve", false, {{"policy_version", 3}}, figures);
  record(run, "final", false, {{"policy_version", 5}}, figures);
  CHECK(run.base["greedy"]["accuracy"] == 0.75);
  CHECK(run.base["sampled"]["n"] == 4);
  CHECK(run.final_["greedy"]["accuracy"] == 0.75);
  REQUIRE(run.curve.size() == 2);  // the base and the curve's own point, greedy
  CHECK(run.curve[1]["policy_version"] == 3);
  CHECK(run.curve[1]["greedy"] == 0.75);
}

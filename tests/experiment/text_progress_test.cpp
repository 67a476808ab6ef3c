#include "experiment/text/text_progress.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::experiment;

TEST_CASE("what is not measured yet is not shown as a figure", "[text_progress]") {
  const ExperimentConfig config;
  TextProgress progress(config);
  TextState state;
  state.version = 2;
  const auto report = progress.trained(state, {}, 10);
  CHECK(report.line.find("greedy -  ") != std::string::npos);
  CHECK(report.line.find("0.000") == std::string::npos);
  for (const auto* name : {"greedy", "win_share", "staleness", "loss"})
    CHECK(report.values.count(name) == 0);
  const auto critic = progress.criticised(state, std::nullopt);
  CHECK(critic.line.find("loss -  step AUC -  calibration error -") != std::string::npos);
  CHECK(critic.values.empty());

  // From here on there is something to show.
  state.base = {{"greedy", {{"accuracy", 0.0}}}};
  state.critic_figures = {{"step_auc", 0.75}, {"calibration_error", 0.125}};
  CHECK(progress.trained(state, {}, 11).line.find("greedy 0.000") != std::string::npos);
  const auto taught = progress.criticised(state, 0.5);
  CHECK(taught.line.find("loss 0.500  step AUC 0.750  calibration error 0.125") !=
        std::string::npos);
  CHECK(taught.values.at("loss") == 0.5);
}

TEST_CASE("progress says how far, how good, how fast, how long", "[text_progress]") {
  ExperimentConfig config;
  config.pretrain.steps = 100;
  config.rl.versions = 20;
  TextProgress progress(config);
  TextState state;
  Trained slice;
  slice.loss = 2.5;
  progress.begin(state, 10);
  state.pretrain_steps = 25;
  state.pretrain_tokens = 50'000;
  const auto early = progress.pretrained(state, slice, 15);
  CHECK(early.line == "pretrain 25/100  loss 2.500  10.0 k tokens/s  15 s left");
  CHECK(early.stage == "pretrain");
  CHECK(early.done == 25);
  CHECK(early.total == 100);

  state.version = 2;
  progress.trained(state, {}, 20);
  state.version = 6;
  state.attempts = 200;
  state.wins = 150;
  state.generated_tokens = 30'000;
  Trained version;
  version.staleness = 1.5;
  const auto report = progress.trained(state, version, 30);
  CHECK(report.line == "rl 5/20  greedy -  30 k tokens generated, 3.0 k/s  38 s left");
  CHECK(report.values.at("win_share") == 0.75);
  CHECK(report.values.at("staleness") == 1.5);
  CHECK(report.done == 5);
  const auto measured = TextProgress::evaluated({"base", true, 4, {{"policy_version", 1}}, ""},
                                                {.accuracy = 0.75, .n = 4});
  CHECK(measured.line == "base sampled accuracy 0.7500 on 4 held-out problems");
  CHECK(measured.values.at("sampled") == 0.75);
}

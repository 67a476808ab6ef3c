// A setting has an effect or is refused: what config.toml records is what was used.
#include "experiment/puzzle/puzzle_experiment.hpp"
#include "experiment/text/text_experiment.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

// A configuration with these overrides, checked.
template <class Config>
Status checked(const std::vector<std::string>& overrides) {
  Config config;
  REQUIRE(parse_config("", "test", overrides, describe_of(config)));
  return check(config);
}

template <class Config>
void refuses(const std::vector<std::string>& overrides, const std::string& key) {
  const auto status = checked<Config>(overrides);
  INFO(key);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Errc::kConfig);
  CHECK(status.error().message.find(key + " = ") == 0);
  CHECK(status.error().message.find("has no effect") != std::string::npos);
}

}  // namespace

TEST_CASE("settings of text that nothing reads are refused", "[unused_settings]") {
  using Text = experiment::ExperimentConfig;
  CHECK(checked<Text>({}));
  refuses<Text>({"critic.steps=5"}, "critic.steps");
  CHECK(checked<Text>({"critic.steps=5", "critic.target=n_step"}));
  refuses<Text>({"critic.luck=0.1"}, "critic.luck");
  CHECK(checked<Text>({"critic.luck=0.1", "critic.target=kept_chance"}));
  refuses<Text>({"critic.target_period=5", "critic.target=max_backup"}, "critic.target_period");
  CHECK(checked<Text>({"critic.target_period=5"}));
  refuses<Text>({"critic.centring=0.5"}, "critic.centring");
  CHECK(checked<Text>({"critic.centring=0.5", "critic.dueling=true"}));
  refuses<Text>({"replay.policy.selector=prioritised"}, "replay.policy.selector");
  refuses<Text>({"replay.policy.alpha=0.5"}, "replay.policy.alpha");
  refuses<Text>({"replay.policy.beta=0.5"}, "replay.policy.beta");
  CHECK(checked<Text>({"replay.critic.alpha=0.5"}));
  refuses<Text>({"replay.critic.alpha=0.5", "replay.critic.selector=uniform"},
                "replay.critic.alpha");
  refuses<Text>({"replay.critic.beta=0.5", "replay.critic.selector=fifo"}, "replay.critic.beta");
}

TEST_CASE("settings of a puzzle that nothing reads are refused", "[unused_settings]") {
  CHECK(checked<experiment::PuzzleExperiment>({}));
  for (const std::string key : {"learner.taught_moves", "learner.value_weight"}) {
    refuses<experiment::PuzzleExperiment>({key + "=2"}, key);
    CHECK(checked<experiment::PuzzleExperiment>({key + "=2", "learner.network.values=qv"}));
  }
}

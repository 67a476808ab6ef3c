// Every field of every configuration is named by its describe(): what is not named is neither read
// from files, nor printed, nor compared by a resumed run. A setting has an effect or is refused:
// what config.toml records is what was used.
#include "experiment/experiment.hpp"
#include "experiment/puzzle/cost_to_go_config.hpp"
#include "experiment/text/stage_configs.hpp"
#include "tests/support/described.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::experiment;
using testing::describes_all;
using testing::field_count;

TEMPLATE_TEST_CASE("a configuration describes every field", "[config]", environment::CorpusConfig,
                   model::ModelSpec, learning::PretrainConfig, learning::CriticConfig,
                   learning::OptimizerConfig, persistence::TableConfig, AttemptConfig,
                   EvaluationConfig, StoreConfig, CheckpointConfig, RestartConfig, TargetConfig,
                   Experiment, inference::PuzzleNetworkSpec, learning::ScrambleConfig,
                   learning::PuzzleLearnerConfig, PuzzleRecordConfig, FineTuneConfig, JudgesConfig,
                   SearchTableConfig, AnnotatorConfig, FeedbackConfig, CompareConfig,
                   ProposerConfig, SelfPlayConfig, MeasureConfig) {
  CHECK(describes_all<TestType>());
}

TEST_CASE("an environment's configuration describes all but what was read of it", "[config]") {
  CHECK(describes_all<environment::EnvironmentConfig>(0, 1));  // contradictory
}

TEST_CASE("settings that are spelled out in a stage are described there", "[config]") {
  const auto selection = field_count<learning::SelectionOptions>();
  CHECK(describes_all<ReinforceConfig>(selection));
  CHECK(describes_all<ReinforceStageConfig>(field_count<ReinforceConfig>() - 1 + selection));
  CHECK(describes_all<CostToGoConfig>(field_count<learning::PuzzleLearnerConfig>()));
}

TEST_CASE("the slots of a decoder are described where there is text", "[config]") {
  struct OfText : EngineConfig {
    void describe(FieldVisitor& v) {
      EngineConfig::describe(v);
      describe_text(v);
    }
  } whole;
  testing::Counter counter;
  whole.describe(counter);
  CHECK(counter.count == field_count<EngineConfig>());
  CHECK(describes_all<EngineConfig>(0, 1));  // without them
}

namespace {

Status checked(const std::vector<std::string>& overrides) {
  Experiment experiment;
  REQUIRE(
      parse_config("[[stages]]\nkind = 'pretrain'\n"
                   "[[stages]]\nkind = 'reinforce'\ncritic_updates = 1\n",
                   "test", overrides, describe_of(experiment)));
  return check(experiment);
}

void refuses(std::vector<std::string> overrides) {
  const auto key = overrides.front().substr(0, overrides.front().find('='));
  const auto status = checked(overrides);
  INFO(key);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Errc::kConfig);
  CHECK(status.error().message.find(key + " = ") == 0);
  CHECK(status.error().message.find("has no effect") != std::string::npos);
}

// A setting of the critic that learns beside the policy.
std::string critic(const std::string& setting) { return "stages.reinforce.critic." + setting; }
std::string table(const std::string& setting) { return "stages.reinforce.critic_table." + setting; }

}  // namespace

TEST_CASE("settings of a critic beside the policy that nothing reads are refused",
          "[unused_settings]") {
  CHECK(checked({}));
  refuses({critic("steps=5")});
  CHECK(checked({critic("steps=5"), critic("target=n_step")}));
  refuses({critic("luck=0.1")});
  CHECK(checked({critic("luck=0.1"), critic("target=kept_chance")}));
  refuses({critic("target_period=5"), critic("target=max_backup")});
  CHECK(checked({critic("target_period=5")}));
  refuses({critic("centring=0.5")});
  CHECK(checked({critic("centring=0.5"), critic("dueling=true")}));
  CHECK(checked({table("alpha=0.5")}));
  refuses({table("alpha=0.5"), table("selector=uniform")});
  refuses({table("beta=0.5"), table("selector=fifo")});
  // Where there is no critic, its table has no effect at all.
  for (const auto* setting : {"alpha=0.5", "beta=0.5", "selector=uniform", "capacity=100"})
    refuses({table(setting), "stages.reinforce.critic_updates=0"});
}

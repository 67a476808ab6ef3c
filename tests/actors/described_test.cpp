// Every field of every configuration is named by its describe(): what is not named is neither read
// from files, nor printed, nor compared by a resumed run.
#include "experiment/puzzle/puzzle_experiment.hpp"
#include "experiment/text/text_experiment.hpp"
#include "tests/support/described.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::experiment;
using testing::describes_all;
using testing::field_count;

TEMPLATE_TEST_CASE("a configuration describes every field", "[config]", environment::CorpusConfig,
                   model::ModelSpec, learning::PretrainConfig, RolloutConfig,
                   learning::CriticConfig, learning::OptimizerConfig, persistence::TableConfig,
                   persistence::ReplayConfig, EvaluationConfig, CheckpointConfig, RestartConfig,
                   ExperimentConfig, inference::PuzzleNetworkSpec, learning::ScrambleConfig,
                   learning::PuzzleLearnerConfig, PuzzleTrainingConfig, ExampleReplayConfig,
                   PuzzleRecordConfig, PuzzleExperiment) {
  CHECK(describes_all<TestType>());
}

TEST_CASE("an environment's configuration describes all but what was read of it", "[config]") {
  CHECK(describes_all<environment::EnvironmentConfig>(0, 1));  // contradictory
}

TEST_CASE("the selection of attempts is described within its section", "[config]") {
  CHECK(describes_all<RlConfig>(field_count<learning::SelectionOptions>()));
}

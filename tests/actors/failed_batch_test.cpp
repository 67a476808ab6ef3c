// A run whose loss is no longer finite ends with an error that names a file, and the file holds the
// batch.
#include <algorithm>
#include <cmath>
#include <limits>

#include "actors/head.hpp"
#include "core/files.hpp"
#include "experiment/text/stages.hpp"
#include "learning/policy/policy_learner.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/small_run.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace actors;
namespace {

using nlohmann::json;

void overflow(learning::OptimizerConfig& optimizer) {
  optimizer.adamw_rate = 1e37;  // no configuration file may have it
  optimizer.warmup = 0;
}

// The batch in the file that the error has to name.
json check_kept(const Error& error, const std::string& label, const std::string& file) {
  CHECK(error.code == Errc::kConfig);
  CHECK(exit_code(error.code) == 2);
  CHECK(error.message == label + ": the loss of the policy is nan (its batch is in " + file +
                             "); start a new run with lower learning rates");
  const auto text = read_file(file);
  REQUIRE(text);
  return json::parse(*text);
}

HeadOptions options_of(const std::string& directory, experiment::Experiment experiment) {
  REQUIRE(learning::prepare_torch());
  HeadOptions options;
  options.config = std::move(experiment);
  options.stages = experiment::stage_function;
  options.run_directory = directory;
  options.show = [](const ProgressUpdate&) {};
  return options;
}

HeadOptions text_run(const std::string& directory) {
  experiment::Experiment experiment;
  const std::vector<std::string> tiny = {"model.layers=1",
                                         "model.width=16",
                                         "stages.base.steps=200",  // so that some attempts are won
                                         "stages.base.rows=8",
                                         "stages.reinforce.rounds=2",
                                         "stages.reinforce.updates=2",
                                         "stages.reinforce.groups_per_update=8",
                                         "attempts.max_tokens=32",
                                         "environment.family=custom",
                                         "environment.operators=+",
                                         "environment.max_operand=5",
                                         "environment.operator_counts=[1,2]",
                                         "environment.max_products=0",
                                         "evaluation.problems=10",
                                         "evaluation.curve_problems=10"};
  REQUIRE(load_config(QSTAR_SOURCE_DIR "/configs/smoke.toml", tiny, describe_of(experiment)));
  return options_of(directory, std::move(experiment));
}

TEST_CASE("a rate far too high ends pre-training") {
  const TemporaryFolder folder;
  auto options = text_run(folder.path("run"));
  auto& config = testing::settings<experiment::PretrainStageConfig>(options.config, "base");
  overflow(config.optimizer);
  const auto end = run_head(options);
  REQUIRE_FALSE(end);
  const auto kept = check_kept(end.error(), "base", folder.path("run") + "/failed/base-batch.json");
  CHECK(kept["error"] == "the loss of the policy is nan");
  REQUIRE(kept["rows"].size() == static_cast<std::size_t>(config.rows));
  CHECK(kept["rows"][3]["text"].get<std::string>().size() == kept["rows"][3]["weights"].size());
}

TEST_CASE("a weight that is not finite ends reinforcement learning") {
  const TemporaryFolder folder;
  auto options = text_run(folder.path("run"));
  testing::settings<experiment::ReinforceStageConfig>(options.config, "reinforce")
      .reinforce.selection.weight_floor = std::numeric_limits<double>::infinity();
  const auto end = run_head(options);
  REQUIRE_FALSE(end);
  const auto kept =
      check_kept(end.error(), "reinforce", folder.path("run") + "/failed/reinforce-batch.json");
  REQUIRE_FALSE(kept["rows"].empty());
  const auto& weights = kept["rows"][0]["weights"];
  CHECK(std::find(weights.begin(), weights.end(), "inf") != weights.end());
}

TEST_CASE("a rate far too high ends fine-tuning, under the name of its stage") {
  const TemporaryFolder folder;
  auto experiment = testing::small_base();
  testing::add_pretraining(experiment);
  auto& config = testing::add_stage<experiment::FineTuneConfig>(experiment, "finetune", "polish");
  config.solutions = 10;
  config.steps = 5;
  config.rows = 4;
  overflow(config.optimizer);
  const auto report = run_head(options_of(folder.path("run"), experiment));
  REQUIRE_FALSE(report);
  const auto kept =
      check_kept(report.error(), "polish", folder.path("run") + "/failed/polish-batch.json");
  CHECK(kept["rows"].size() == 4);
}

}  // namespace
}  // namespace qstar

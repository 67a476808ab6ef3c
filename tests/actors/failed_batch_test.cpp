// A run whose loss is no longer finite ends with an error that names a file, and the file holds the
// batch.
#include <algorithm>
#include <cmath>
#include <limits>

#include "actors/story_head.hpp"
#include "actors/text_head.hpp"
#include "core/files.hpp"
#include "learning/policy/policy_learner.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/small_story.hpp"

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

TextHeadOptions text_run(const std::string& directory) {
  REQUIRE(learning::prepare_torch());
  TextHeadOptions options;
  const std::vector<std::string> tiny = {"model.layers=1",
                                         "model.width=16",
                                         "pretrain.steps=200",  // so that some attempts are won
                                         "pretrain.rows=8",
                                         "rl.versions=2",
                                         "rl.updates_per_version=2",
                                         "rl.groups_per_update=8",
                                         "rollout.max_tokens=32",
                                         "environment.family=custom",
                                         "environment.operators=+",
                                         "environment.max_operand=5",
                                         "environment.operator_counts=[1,2]",
                                         "environment.max_products=0",
                                         "evaluation.problems=10",
                                         "evaluation.curve_problems=10"};
  REQUIRE(load_config(QSTAR_SOURCE_DIR "/configs/smoke.toml", tiny, describe_of(options.config)));
  options.run_directory = directory;
  options.show = [](const Report&) {};
  return options;
}

TEST_CASE("text: a rate far too high ends pre-training") {
  const TemporaryFolder folder;
  auto options = text_run(folder.path("run"));
  overflow(options.config.pretrain.optimizer);
  const auto end = run_text_head(options);
  REQUIRE_FALSE(end);
  const auto kept =
      check_kept(end.error(), "pretrain", folder.path("run") + "/failed/pretrain-batch.json");
  CHECK(kept["error"] == "the loss of the policy is nan");
  REQUIRE(kept["rows"].size() == 8);
  CHECK(kept["rows"][3]["text"].get<std::string>().size() == kept["rows"][3]["weights"].size());
}

TEST_CASE("text: a weight that is not finite ends reinforcement learning") {
  const TemporaryFolder folder;
  auto options = text_run(folder.path("run"));
  options.config.rl.selection.weight_floor = std::numeric_limits<double>::infinity();
  const auto end = run_text_head(options);
  REQUIRE_FALSE(end);
  const auto kept =
      check_kept(end.error(), "policy", folder.path("run") + "/failed/policy-batch.json");
  REQUIRE_FALSE(kept["rows"].empty());
  const auto& weights = kept["rows"][0]["weights"];
  CHECK(std::find(weights.begin(), weights.end(), "inf") != weights.end());
}

TEST_CASE("story: a rate far too high ends pre-training") {
  REQUIRE(learning::prepare_torch());
  const TemporaryFolder folder;
  StoryHeadOptions options;
  options.config = testing::small_story_config();
  options.run_directory = folder.path("run");
  options.show = [](const Report&) {};
  overflow(options.config.pretrain.optimizer);
  const auto report = run_story_head(options);
  REQUIRE_FALSE(report);
  const auto kept =
      check_kept(report.error(), "base", folder.path("run") + "/failed/base-batch.json");
  CHECK(kept["rows"].size() == static_cast<std::size_t>(options.config.pretrain.rows));
}

}  // namespace
}  // namespace qstar

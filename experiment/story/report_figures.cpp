// The numbers in a story's report, stage by stage. A new figure of a stage gets its name here, so
// that a target can be set on it; a test compares this list with the report of a story.
#include <fmt/format.h>

#include <initializer_list>

#include "experiment/story/rewards.hpp"
#include "experiment/story/stages.hpp"
#include "experiment/story/targets.hpp"

namespace qstar::experiment {
namespace {

class Figures {
 public:
  void add(std::string_view section, std::initializer_list<std::string_view> names) {
    for (const auto name : names) all_.push_back(fmt::format("{}.{}", section, name));
  }
  // Story::evaluate() for one search.
  void add_evaluation(std::string_view section) {
    add(section, {"accuracy", "n", "tokens_per_problem", "guide_queries_per_problem", "lucky",
                  "cpu_seconds"});
  }
  // Attempts at problems of other kinds, one per problem.
  void add_attempts(std::string_view section) {
    add(section, {"accuracy", "n", "tokens_per_problem", "cpu_seconds"});
  }
  void add_policy(const std::string& section) {
    add_evaluation(section + ".greedy");
    add_evaluation(section + ".sampled");
    add(section, {"tokens", "cpu_seconds"});
  }
  void add_reinforced(const std::string& section) {
    add_policy(section);
    add(section, {"lucky", "wall_seconds", "learner_busy", "executors_busy"});
  }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

void add_verifiers(const StoryConfig& config, Figures& figures) {
  auto models = config.verifiers.models;
  if (!config.verifiers.label_file.empty()) models.emplace_back("prm_labels");
  for (const auto& model : models) {
    const auto section = "verifiers." + model;
    figures.add(section, {"step_auc", "calibration_error", "examples", "cpu_seconds", "best_of.4",
                          "best_of.8", "best_of.16"});
    if (model == "critic") figures.add(section, {"tokens"});
    if (model == "prm_labels") figures.add(section, {"skipped"});
  }
}

void add_feedback(Figures& figures) {
  figures.add("rlhf.annotator", {"error_rate", "rankings", "pairs", "skipped"});
  figures.add("rlhf.reward_model", {"pair_accuracy", "cpu_seconds"});
  figures.add_evaluation("rlhf.runs[*].greedy");
  figures.add("rlhf.runs[*]", {"kl_weight", "tokens"});
  figures.add("rlhf", {"cpu_seconds"});
}

void add_rewards(Figures& figures) {
  for (const auto reward :
       {RewardKind::kOutcome, RewardKind::kProcess, RewardKind::kBoth, RewardKind::kScreened})
    figures.add_reinforced(fmt::format("rewards.{}", to_string(reward)));
}

void add_self_play(Figures& figures) {
  for (const std::string run : {"selfplay.uniform", "selfplay.selfplay"}) {
    figures.add_reinforced(run);
    figures.add(run, {"tokens_to_target"});
  }
  figures.add("selfplay", {"target", "ratio", "cpu_seconds"});
}

void add_measurements(Figures& figures) {
  for (const std::string list : {"out_of_domain[*].", "polluted_context[*]."}) {
    figures.add_attempts(list + "base");
    figures.add_attempts(list + "final");
  }
  figures.add("calculator", {"n", "accuracy", "cpu_seconds", "policy_cpu_seconds", "times_faster"});
}

}  // namespace

std::vector<std::string> report_figures(const StoryConfig& config) {
  const auto& stages = config.stages;
  Figures figures;
  figures.add_policy("base");
  if (stages.sft) figures.add_policy("sft");
  if (stages.sft) figures.add("sft", {"solutions"});
  if (stages.verifiers) add_verifiers(config, figures);
  if (stages.search) figures.add_evaluation("search[*]");
  if (stages.search) figures.add("search[*]", {"budget"});
  if (stages.rlhf) add_feedback(figures);
  for (const auto& algorithm : config.algorithms)
    if (stages.rl) figures.add_reinforced("rl." + algorithm);
  if (stages.rewards) add_rewards(figures);
  if (stages.selfplay) add_self_play(figures);
  figures.add_reinforced("final");
  figures.add("final", {"pipeline_cpu_seconds", "proposer_share"});
  if (stages.measurements) add_measurements(figures);
  for (const auto& stage : qstar::experiment::stages())
    if (stage.wanted == nullptr || stages.*stage.wanted) figures.add("stages", {stage.name});
  auto all = figures.take();
  all.emplace_back("cpu_seconds");
  return all;
}

}  // namespace qstar::experiment

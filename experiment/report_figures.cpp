// The numbers in a run's report, stage by stage. A new figure of a stage gets its name here, so
// that a target can be set on it; a test compares this list with the report of a run.
#include <fmt/format.h>

#include <initializer_list>

#include "experiment/puzzle/cost_to_go_config.hpp"
#include "experiment/targets.hpp"
#include "experiment/text/stage_configs.hpp"

namespace qstar::experiment {
namespace {

class Figures {
 public:
  void add(std::string_view section, std::initializer_list<std::string_view> names) {
    for (const auto name : names) all_.push_back(fmt::format("{}.{}", section, name));
  }
  // Run::evaluate() for one search.
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
  void add_reinforced(const std::string& section, const ReinforceConfig& config) {
    add_policy(section);
    add(section, {"lucky", "rounds", "wall_seconds", "learner_busy", "executors_busy"});
    add(section + ".attempts", {"n", "wins", "lucky"});
    if (config.critic_updates == 0) return;
    add(section, {"critic_updates"});
    add(section + ".critic", {"step_auc", "calibration_error", "steps"});
  }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

void add_judges(const std::string& stage, const JudgesConfig& config, Figures& figures) {
  for (const auto& model : config.makes(stage)) {
    const auto section = fmt::format("{}.{}", stage, model);
    figures.add(section, {"step_auc", "calibration_error", "examples", "cpu_seconds", "best_of.4",
                          "best_of.8", "best_of.16"});
    if (model == "critic") figures.add(section, {"tokens"});
    if (model == "prm_labels") figures.add(section, {"skipped"});
  }
}

void add_feedback(const std::string& stage, Figures& figures) {
  figures.add(stage + ".annotator", {"error_rate", "rankings", "pairs", "skipped"});
  figures.add(stage + ".reward_model", {"pair_accuracy", "cpu_seconds"});
  figures.add_evaluation(stage + ".runs[*].greedy");
  figures.add(stage + ".runs[*]", {"kl_weight", "tokens"});
  figures.add(stage, {"cpu_seconds"});
}

void add_self_play(const std::string& stage, const SelfPlayConfig& config, Figures& figures) {
  for (const auto* run : {".uniform", ".selfplay"}) {
    figures.add_reinforced(stage + run, config.reinforce);
    figures.add(stage + run, {"tokens_to_target"});
  }
  figures.add(stage, {"target", "ratio", "cpu_seconds"});
}

void add_measurements(const std::string& stage, Figures& figures) {
  for (const auto* list : {".out_of_domain[*].", ".polluted_context[*]."}) {
    figures.add_attempts(stage + list + "base");
    figures.add_attempts(stage + list + "final");
  }
  figures.add(stage + ".calculator",
              {"n", "accuracy", "cpu_seconds", "policy_cpu_seconds", "times_faster"});
}

void add_cost_to_go(const std::string& stage, Figures& figures) {
  figures.add(stage, {"solved", "loss", "updates", "examples", "cpu_seconds", "target_version",
                      "target_versions", "positions", "moves"});
}

void add_stage(const StageEntry& stage, Figures& figures) {
  const auto& name = stage.name;
  if (stage.as<PretrainStageConfig>() != nullptr) figures.add_policy(name);
  if (stage.as<FineTuneConfig>() != nullptr) {
    figures.add_policy(name);
    figures.add(name, {"solutions"});
  }
  if (const auto* judges = stage.as<JudgesConfig>()) add_judges(name, *judges, figures);
  if (stage.as<SearchTableConfig>() != nullptr) {
    figures.add_evaluation(name + "[*]");
    figures.add(name + "[*]", {"budget"});
  }
  if (stage.as<FeedbackConfig>() != nullptr) add_feedback(name, figures);
  if (const auto* compare = stage.as<CompareConfig>())
    for (const auto& run : runs_of(*compare))
      figures.add_reinforced(fmt::format("{}.{}", name, run.name), compare->reinforce);
  if (const auto* play = stage.as<SelfPlayConfig>()) add_self_play(name, *play, figures);
  if (const auto* reinforce = stage.as<ReinforceStageConfig>()) {
    figures.add_reinforced(name, reinforce->reinforce);
    figures.add(name, {"pipeline_cpu_seconds", "proposer_share"});
  }
  if (stage.as<MeasureConfig>() != nullptr) add_measurements(name, figures);
  if (stage.as<CostToGoConfig>() != nullptr) add_cost_to_go(name, figures);
}

}  // namespace

std::vector<std::string> report_figures(const Experiment& experiment) {
  Figures figures;
  for (const auto* stage : experiment.active()) add_stage(*stage, figures);
  return figures.take();
}

}  // namespace qstar::experiment

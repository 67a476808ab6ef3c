// The stages of reinforcement learning: one run, or several that are compared.
#include <fmt/format.h>

#include <optional>

#include "experiment/text/algorithms.hpp"
#include "experiment/text/proposed_problems.hpp"
#include "experiment/text/reinforce.hpp"
#include "experiment/text/stage_configs.hpp"
#include "experiment/text/stages.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

// CPU seconds spent on the models that a run's reward and search use, including their data.
double cost_of_judges(const Run& run, const ReinforcePlan& plan) {
  double spent = 0;
  if (!plan.reward_model.empty()) spent += run.cost_of(plan.reward_model);
  if (find_algorithm(plan.algorithm)->searches && plan.config.critic_updates == 0)
    spent += run.cost_of("critic");
  return spent;
}

// One run; its models are the policy, of the stage's name, and its critic if it has one.
class Single {
 public:
  Single(Run& run, const std::string& name, const ReinforceStageConfig& config)
      : run_(run), name_(name), config_(config), began_(run.cpu_seconds()) {}

  Result<StageResult> train() {
    ReinforcePlan plan{.label = name_,
                       .settings = "stages." + name_,
                       .algorithm = config_.algorithm,
                       .start = config_.start,
                       .reward = reward_kind(config_.reward),
                       .config = config_.reinforce};
    if (needs_scores(plan.reward)) plan.reward_model = "prm";
    plan.revisit_share = config_.revisit_share;
    if (config_.proposer.share > 0)
      if (auto taught = teach_proposer(plan); !taught) return tl::unexpected(taught.error());
    const double spent_on_proposer = run_.cpu_seconds() - began_;
    auto done = reinforce(run_, plan);
    if (!done) return tl::unexpected(done.error());
    // The models that its reward and its search use were trained on the same start.
    const double cost = run_.cost_of(config_.start) + spent_on_proposer + done->cpu_seconds;
    return result(plan, std::move(*done), cost);
  }

 private:
  Status teach_proposer(ReinforcePlan& plan) {
    learning::PolicyLearner taught(run_.model(config_.start));
    if (auto done = train_proposer(run_, taught, config_.start, config_.proposer); !done)
      return done;
    plan.start = name_ + ".start";
    run_.add_model(plan.start,
                   {.file = taught.model(), .cpu_seconds = run_.cost_of(config_.start)});
    plan.source = &source_.emplace(
        run_, ProposedProblems::Options{name_ + ".problems", config_.proposer, config_.reinforce});
    return {};
  }

  Result<StageResult> result(const ReinforcePlan& plan, Reinforced done, double cost) {
    auto figures = done.figures(run_, name_);
    if (!figures) return tl::unexpected(figures.error());
    figures->update({{"start", config_.start},
                     {"algorithm", config_.algorithm},
                     {"reward", config_.reward},
                     {"pipeline_cpu_seconds", cost + cost_of_judges(run_, plan)},
                     {"proposer_share", config_.proposer.share},
                     {"model", fmt::format("models/{}.safetensors", name_)}});
    StageResult result;
    result.models[name_] = {.file = std::move(done.policy),
                            .cpu_seconds = cost + cost_of_judges(run_, plan),
                            .is_policy = true,
                            .evaluation_cpu_seconds = figures->at("greedy").at("cpu_seconds")};
    if (done.critic)
      result.models[name_ + ".critic"] = {.file = std::move(*done.critic), .cpu_seconds = cost};
    result.figures = std::move(*figures);
    return result;
  }

  Run& run_;
  const std::string& name_;
  const ReinforceStageConfig& config_;
  double began_;
  std::optional<ProposedProblems> source_;
};

}  // namespace

Result<StageResult> compare_stage(Run& run, const StageEntry& stage) {
  const auto& config = *stage.as<CompareConfig>();
  json section = json::object();
  for (const auto& [name, algorithm, reward] : runs_of(config)) {
    const auto label = fmt::format("{}.{}", stage.name, name);
    // All have the same problems and seeds.
    ReinforcePlan plan{.label = label,
                       .stream = stage.name,
                       .settings = fmt::format("stages.{}.reinforce", stage.name),
                       .algorithm = algorithm,
                       .start = config.start,
                       .reward = reward_kind(reward),
                       .config = config.reinforce};
    if (needs_scores(plan.reward)) plan.reward_model = "prm";
    const auto done = reinforce(run, plan);
    if (!done) return tl::unexpected(done.error());
    auto figures = done->figures(run, label);
    if (!figures) return tl::unexpected(figures.error());
    section[name] = std::move(*figures);
  }
  return StageResult{std::move(section), {}};
}

Result<StageResult> reinforce_stage(Run& run, const StageEntry& stage) {
  return Single(run, stage.name, *stage.as<ReinforceStageConfig>()).train();
}

}  // namespace qstar::experiment

// Learning from rankings: a preference model, and policies trained on it with a KL penalty.
#include <fmt/format.h>

#include "experiment/text/annotator.hpp"
#include "experiment/text/reinforce.hpp"
#include "experiment/text/stage_configs.hpp"
#include "experiment/text/stages.hpp"
#include "experiment/text/teach.hpp"
#include "search/text/evaluate.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

// The stage under way.
struct Learning {
  Run& run;
  const std::string& name;
  const FeedbackConfig& config;
};

std::shared_ptr<Annotator> make_annotator(const Learning& stage) {
  const auto& config = stage.config.annotator;
  if (config.kind == "recorded")
    return std::make_shared<RecordedAnnotator>(stage.run.host().rankings.at(config.file));
  return std::make_shared<SimulatedAnnotator>(config.error_rate,
                                              stage.run.seed(stage.name + ".annotator"));
}

// Attempts at the problems, ranked by the annotator.
Result<Rankings> ranked(const Learning& stage, Annotator& annotator,
                        std::span<const std::string> problems, std::string_view label) {
  auto& run = stage.run;
  const auto& start = stage.config.start;
  const auto policy = run.publish(run.model(start), 1, start);
  if (!policy) return tl::unexpected(policy.error());
  const auto groups = run.attempt(*policy, problems, stage.config.samples, label);
  if (!groups) return tl::unexpected(groups.error());
  return annotator.rank(*groups);
}

// The share of ranked pairs that the model orders in the same way.
double pair_accuracy(learning::RewardLearner& model, const std::vector<RankedGroup>& groups) {
  double right = 0, n = 0;
  for (const auto& pair : pairs_of(groups)) {
    const std::vector<Trajectory> both = {*pair.better, *pair.worse};
    const auto scores = model.step_scores(both);
    if (scores[0].empty() || scores[1].empty()) continue;
    right += scores[0].back() > scores[1].back() ? 1 : 0;
    n += 1;
  }
  return n > 0 ? right / n : 0;
}

// Pair accuracy on held-out problems, whose answers a simulated annotator without errors ranks.
Result<double> measure(const Learning& stage, learning::RewardLearner& model) {
  SimulatedAnnotator exact(0, 0);
  const auto problems = search::held_out_problems(stage.run.environment(), 200);
  const auto groups = ranked(stage, exact, problems, stage.name + ".held_out");
  if (!groups) return tl::unexpected(groups.error());
  return pair_accuracy(model, groups->groups);
}

// Trains the preference model and adds it to the run; returns its sections of the report.
Result<json> learn_preferences(const Learning& stage) {
  auto& run = stage.run;
  const auto& config = stage.config;
  const double cpu = run.cpu_seconds();
  const auto problems = run.training_problems(stage.name, config.problems);
  const auto groups = ranked(stage, *make_annotator(stage), problems, stage.name + ".ranked");
  if (!groups) return tl::unexpected(groups.error());
  const auto pairs = pairs_of(groups->groups);
  learning::RewardLearner model(run.model(config.start), model::ScorerRole::kPreference,
                                run.seed(stage.name + ".preference"));
  if (auto taught = teach(run, model, pairs, config.reward, stage.name + ".preference"); !taught)
    return tl::unexpected(taught.error());
  const double spent = run.cpu_seconds() - cpu;
  const auto accuracy = measure(stage, model);
  if (!accuracy) return tl::unexpected(accuracy.error());
  run.add_model("preference",
                {.file = model.model(), .cpu_seconds = run.cost_of(config.start) + spent});
  return json{{"annotator",
               {{"kind", config.annotator.kind},
                {"error_rate", config.annotator.error_rate},
                {"rankings", groups->groups.size()},
                {"pairs", pairs.size()},
                {"skipped", groups->skipped.size()},
                {"skipped_lines", groups->skipped}}},
              {"reward_model", {{"pair_accuracy", *accuracy}, {"cpu_seconds", spent}}}};
}

// The learning curve with the members that the report's section has.
json proxy_curve(const json& curve) {
  json points = json::array();
  for (const auto& point : curve)
    points.push_back({{"tokens", point.at("tokens")},
                      {"kl", point.value("kl", 0.0)},
                      {"proxy", point.at("reward")},
                      {"accuracy", point.at("accuracy")}});
  return points;
}

}  // namespace

Result<StageResult> feedback_stage(Run& run, const StageEntry& stage) {
  const double cpu = run.cpu_seconds();
  const auto& config = *stage.as<FeedbackConfig>();
  auto section = learn_preferences({run, stage.name, config});
  if (!section) return tl::unexpected(section.error());
  (*section)["runs"] = json::array();
  for (const double weight : config.kl_weights) {
    const auto label = fmt::format("{}.{}", stage.name, weight);
    ReinforcePlan plan{.label = label,
                       .stream = stage.name,
                       .settings = fmt::format("stages.{}.reinforce", stage.name),
                       .algorithm = "grpo",
                       .start = config.start,
                       .reward = RewardKind::kProxy,
                       .reward_model = "preference",
                       .config = config.reinforce};
    plan.config.gradient.kl_weight = weight;
    const auto done = reinforce(run, plan);
    if (!done) return tl::unexpected(done.error());
    auto figures = done->figures(run, label);
    if (!figures) return tl::unexpected(figures.error());
    (*section)["runs"].push_back({{"kl_weight", weight},
                                  {"curve", proxy_curve(done->curve)},
                                  {"greedy", figures->at("greedy")},
                                  {"tokens", done->tokens}});
  }
  (*section)["cpu_seconds"] = run.cpu_seconds() - cpu;
  return StageResult{std::move(*section), {{"preference", run.models().at("preference")}}};
}

}  // namespace qstar::experiment

// Learning from rankings: a preference model, and policies trained on it with a KL penalty.
#include <fmt/format.h>

#include "experiment/story/reinforce.hpp"
#include "experiment/story/stages.hpp"
#include "experiment/story/verifiers.hpp"
#include "search/text/evaluate.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

// Attempts at the problems (rlhf.samples each), ranked by the annotator.
Result<Rankings> ranked(Story& story, Annotator& annotator, std::span<const std::string> problems,
                        std::string_view label) {
  const auto policy = story.publish(story.models.at("base"), 1, "base");
  if (!policy) return tl::unexpected(policy.error());
  const auto groups = story.attempt(*policy, problems, story.config().rlhf.samples, label);
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
Result<double> measure(Story& story, learning::RewardLearner& model) {
  SimulatedAnnotator exact(0, 0);
  const auto problems = search::held_out_problems(story.environment(), 200);
  const auto groups = ranked(story, exact, problems, "rlhf.held_out");
  if (!groups) return tl::unexpected(groups.error());
  return pair_accuracy(model, groups->groups);
}

Status learn_preferences(Story& story, json& section) {
  const auto& config = story.config().rlhf;
  const double cpu = story.cpu_seconds();
  const auto problems = story.training_problems("rlhf", config.problems);
  const auto groups = ranked(story, *story.host().annotator, problems, "rlhf.ranked");
  if (!groups) return tl::unexpected(groups.error());
  const auto pairs = pairs_of(groups->groups);
  learning::RewardLearner model(story.models.at("base"), model::ScorerRole::kPreference,
                                story.seed("preference"));
  if (auto taught = teach(story, model, pairs, config.reward, "preference"); !taught) return taught;
  const double spent = story.cpu_seconds() - cpu;
  const auto accuracy = measure(story, model);
  if (!accuracy) return tl::unexpected(accuracy.error());
  story.models["preference"] = model.model();
  section["annotator"] = {
      {"kind", config.annotator.kind},     {"error_rate", config.annotator.error_rate},
      {"rankings", groups->groups.size()}, {"pairs", pairs.size()},
      {"skipped", groups->skipped.size()}, {"skipped_lines", groups->skipped}};
  section["reward_model"] = {{"pair_accuracy", *accuracy}, {"cpu_seconds", spent}};
  return {};
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

Status feedback_stage(Story& story) {
  const double cpu = story.cpu_seconds();
  const auto& config = story.config().rlhf;
  json section;
  if (auto learned = learn_preferences(story, section); !learned) return learned;
  section["runs"] = json::array();
  for (const double weight : config.kl_weights) {
    const auto label = fmt::format("rlhf.{}", weight);
    ReinforcePlan plan{.label = label,
                       .stream = "rlhf",
                       .algorithm = "grpo",
                       .reward = RewardKind::kProxy,
                       .reward_model = "preference",
                       .config = story.config().rl};
    plan.config.tokens = config.tokens;
    plan.config.gradient.kl_weight = weight;
    const auto done = reinforce(story, plan);
    if (!done) return tl::unexpected(done.error());
    auto figures = done->figures(story, label);
    if (!figures) return tl::unexpected(figures.error());
    section["runs"].push_back({{"kl_weight", weight},
                               {"curve", proxy_curve(done->curve)},
                               {"greedy", figures->at("greedy")},
                               {"tokens", done->tokens}});
  }
  section["cpu_seconds"] = story.cpu_seconds() - cpu;
  story.report["rlhf"] = std::move(section);
  return {};
}

}  // namespace qstar::experiment

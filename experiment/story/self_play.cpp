// The same reinforcement learning twice: on uniformly drawn problems, and on a proposer's problems.
#include "experiment/story/proposed_problems.hpp"
#include "experiment/story/ratings.hpp"
#include "experiment/story/stages.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

Result<json> figures_of(const Story& story, const Reinforced& run, std::string_view name) {
  auto figures = run.figures(story, name);
  if (!figures) return figures;
  (*figures)["tokens_to_target"] =
      run.tokens_to_target ? json(*run.tokens_to_target) : json(nullptr);
  return figures;
}

// Elo ratings of about 12 versions of the solver at equal distances, the last one included.
json ratings_of(const Reinforced& run) {
  constexpr std::size_t kPlayers = 12;
  const std::size_t stride = (run.quick_evaluations.size() + kPlayers - 1) / kPlayers;
  std::vector<std::vector<bool>> right;
  json ratings = json::array();
  for (std::size_t i = 0; i < run.quick_evaluations.size(); ++i) {
    if ((run.quick_evaluations.size() - 1 - i) % stride != 0) continue;
    right.push_back(run.quick_evaluations[i]);
    ratings.push_back({{"tokens", run.curve[i].at("tokens")}});
  }
  const auto elo = elo_ratings(right);
  for (std::size_t i = 0; i < elo.size(); ++i) ratings[i]["rating"] = elo[i];
  return ratings;
}

json ratio_of(const Reinforced& played, const Reinforced& uniform) {
  if (!played.tokens_to_target || !uniform.tokens_to_target) return nullptr;
  return static_cast<double>(*played.tokens_to_target) /
         static_cast<double>(*uniform.tokens_to_target);
}

}  // namespace

Status self_play_stage(Story& story) {
  const double cpu = story.cpu_seconds();
  const auto& config = story.config().selfplay;
  learning::PolicyLearner taught(story.models.at("base"));
  if (auto done = train_proposer(story, taught, "base"); !done) return done;
  // Both runs start from the network that was trained to write problems; only the problems differ.
  story.models["proposer"] = taught.model();
  ProposedProblems problems(story, "selfplay.problems", config.proposer_share);
  ReinforcePlan plan{.label = "uniform",
                     .stream = "selfplay",
                     .start = "proposer",
                     .config = story.config().rl,
                     .target = config.target};
  plan.config.tokens = config.tokens;
  const auto uniform = reinforce(story, plan);
  if (!uniform) return tl::unexpected(uniform.error());
  plan.label = "selfplay";
  plan.source = &problems;
  const auto played = reinforce(story, plan);
  if (!played) return tl::unexpected(played.error());
  auto of_uniform = figures_of(story, *uniform, "uniform");
  if (!of_uniform) return tl::unexpected(of_uniform.error());
  auto of_played = figures_of(story, *played, "selfplay");
  if (!of_played) return tl::unexpected(of_played.error());
  story.report["selfplay"] = {
      {"target", config.target},           {"ratio", ratio_of(*played, *uniform)},
      {"uniform", std::move(*of_uniform)}, {"selfplay", std::move(*of_played)},
      {"ratings", ratings_of(*played)},    {"cpu_seconds", story.cpu_seconds() - cpu}};
  return {};
}

}  // namespace qstar::experiment

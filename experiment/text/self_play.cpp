// The same reinforcement learning twice: on uniformly drawn problems, and on a proposer's problems.
#include "experiment/text/proposed_problems.hpp"
#include "experiment/text/ratings.hpp"
#include "experiment/text/reinforce.hpp"
#include "experiment/text/stage_configs.hpp"
#include "experiment/text/stages.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

Result<json> figures_of(const Run& run, const Reinforced& done, std::string_view name) {
  auto figures = done.figures(run, name);
  if (!figures) return figures;
  (*figures)["tokens_to_target"] =
      done.tokens_to_target ? json(*done.tokens_to_target) : json(nullptr);
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

Result<StageResult> self_play_stage(Run& run, const StageEntry& stage) {
  const double cpu = run.cpu_seconds();
  const auto& config = *stage.as<SelfPlayConfig>();
  learning::PolicyLearner taught(run.model(config.start));
  if (auto done = train_proposer(run, taught, config.start, config.proposer); !done)
    return tl::unexpected(done.error());
  // Both runs start from the network that was trained to write problems; only the problems differ.
  const TrainedModel proposer{.file = taught.model(),
                              .cpu_seconds = run.cost_of(config.start) + run.cpu_seconds() - cpu};
  run.add_model("proposer", proposer);
  ProposedProblems problems(run, {stage.name + ".problems", config.proposer, config.reinforce});
  ReinforcePlan plan{.label = stage.name + ".uniform",
                     .stream = stage.name,
                     .settings = "stages." + stage.name + ".reinforce",
                     .start = "proposer",
                     .config = config.reinforce,
                     .target = config.target};
  const auto uniform = reinforce(run, plan);
  if (!uniform) return tl::unexpected(uniform.error());
  plan.label = stage.name + ".proposed";
  plan.source = &problems;
  const auto played = reinforce(run, plan);
  if (!played) return tl::unexpected(played.error());
  auto of_uniform = figures_of(run, *uniform, stage.name + ".uniform");
  if (!of_uniform) return tl::unexpected(of_uniform.error());
  auto of_played = figures_of(run, *played, plan.label);
  if (!of_played) return tl::unexpected(of_played.error());
  json figures = {{"target", config.target},           {"ratio", ratio_of(*played, *uniform)},
                  {"uniform", std::move(*of_uniform)}, {"selfplay", std::move(*of_played)},
                  {"ratings", ratings_of(*played)},    {"cpu_seconds", run.cpu_seconds() - cpu}};
  return StageResult{std::move(figures), {{"proposer", proposer}}};
}

}  // namespace qstar::experiment

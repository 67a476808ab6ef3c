// Three stages of reinforcement learning: the algorithms at equal tokens, the rewards, and the
// final policy.
#include <fmt/format.h>

#include "experiment/story/proposed_problems.hpp"
#include "experiment/story/reinforce.hpp"
#include "experiment/story/stages.hpp"

namespace qstar::experiment {

namespace {

// CPU seconds spent to train this initial model.
double spent_before(const Story& story, const std::string& model) {
  double spent = story.report.at("base").at("cpu_seconds");
  if (model == "sft") spent += story.report.at("sft").at("cpu_seconds").get<double>();
  return spent;
}

// CPU seconds spent on the models that its reward and its search use, including their data.
double spent_on_verifiers(const Story& story, const ReinforcePlan& plan) {
  double spent = 0;
  const auto add = [&](const std::string& model) {
    spent += story.report.at("verifiers").at(model).at("cpu_seconds").get<double>();
  };
  if (!plan.reward_model.empty()) add(plan.reward_model);
  if (find_algorithm(plan.algorithm)->searches) add("critic");
  return spent;
}

}  // namespace

Status reinforcement_stage(Story& story) {
  auto section = nlohmann::json::object();
  for (const auto& name : story.config().algorithms) {
    const auto label = "rl." + name;
    const auto done = reinforce(
        story, {.label = label, .stream = "rl", .algorithm = name, .config = story.config().rl});
    if (!done) return tl::unexpected(done.error());
    auto figures = done->figures(story, label);
    if (!figures) return tl::unexpected(figures.error());
    section[name] = std::move(*figures);
  }
  story.report["rl"] = std::move(section);
  return {};
}

Status reward_stage(Story& story) {
  auto section = nlohmann::json::object();
  for (const auto reward :
       {RewardKind::kOutcome, RewardKind::kProcess, RewardKind::kBoth, RewardKind::kScreened}) {
    const auto label = fmt::format("rewards.{}", to_string(reward));
    // All have the same problems and seeds; only the reward differs.
    const auto done = reinforce(story, {.label = label,
                                        .stream = "rewards",
                                        .reward = reward,
                                        .reward_model = needs_scores(reward) ? "prm" : "",
                                        .config = story.config().rl});
    if (!done) return tl::unexpected(done.error());
    auto figures = done->figures(story, label);
    if (!figures) return tl::unexpected(figures.error());
    section[std::string(to_string(reward))] = std::move(*figures);
  }
  story.report["rewards"] = std::move(section);
  return {};
}

Status final_stage(Story& story) {
  const auto& how = story.config().final_;
  ReinforcePlan plan{.label = "final",
                     .algorithm = how.algorithm,
                     .start = how.start,
                     .reward = reward_kind(how.reward),
                     .config = story.config().rl};
  if (needs_scores(plan.reward)) plan.reward_model = "prm";
  plan.revisit_share = how.revisit_share;
  std::optional<ProposedProblems> set;
  const double cpu = story.cpu_seconds();
  if (how.proposer_share > 0) {
    learning::PolicyLearner taught(story.models.at(how.start));
    if (auto done = train_proposer(story, taught, how.start); !done) return done;
    story.models["final_start"] = taught.model();
    plan.start = "final_start";
    plan.source = &set.emplace(story, "final.problems", how.proposer_share);
  }
  const double spent_on_proposer = story.cpu_seconds() - cpu;
  plan.config.tokens = how.tokens;
  auto done = reinforce(story, plan);
  if (!done) return tl::unexpected(done.error());
  auto figures = done->figures(story, "final");
  if (!figures) return tl::unexpected(figures.error());
  figures->update(
      {{"start", how.start},
       {"algorithm", how.algorithm},
       {"reward", how.reward},
       {"pipeline_cpu_seconds", spent_before(story, how.start) + spent_on_verifiers(story, plan) +
                                    spent_on_proposer + done->cpu_seconds},
       {"proposer_share", how.proposer_share},
       {"model", "policy.safetensors"}});
  story.models["final"] = std::move(done->policy);
  story.report["final"] = std::move(*figures);
  return {};
}

}  // namespace qstar::experiment

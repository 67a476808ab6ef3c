// Reinforcement learning three times: its algorithms at equal tokens, its rewards, and the policy
// that is deployed.
#include <fmt/format.h>

#include "core/metrics.hpp"
#include "story/reinforce.hpp"
#include "story/stages.hpp"

namespace qstar {

Status reinforcement_stage(Story& story) {
  auto section = nlohmann::json::object();
  for (const auto& name : split(story.config().algorithms, ',')) {
    const auto label = "rl." + name;
    const auto done =
        reinforce(story, {.label = label, .algorithm = name, .config = story.config().rl});
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
  for (const auto reward : {RewardKind::kOutcome, RewardKind::kProcess, RewardKind::kBoth}) {
    const auto label = fmt::format("rewards.{}", to_string(reward));
    // The same problems and seeds for all: only what is paid differs.
    const auto done = reinforce(story, {.label = label,
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
  auto config = story.config().rl;
  config.tokens = story.config().final_tokens;
  auto done = reinforce(story, {.label = "final", .config = config});
  if (!done) return tl::unexpected(done.error());
  auto figures = done->figures(story, "final");
  if (!figures) return tl::unexpected(figures.error());
  const double base = story.report.at("base").at("cpu_seconds");
  figures->update(
      {{"pipeline_cpu_seconds", base + done->cpu_seconds}, {"model", "policy.safetensors"}});
  story.models["final"] = std::move(done->policy);
  story.report["final"] = std::move(*figures);
  return {};
}

}  // namespace qstar

#include "experiment/text/text_progress.hpp"

#include <fmt/format.h>

namespace qstar::experiment {
namespace {

using nlohmann::json;

std::optional<double> number_at(const json& figures, const char* pointer) {
  const json::json_pointer at(pointer);
  if (!figures.contains(at) || !figures.at(at).is_number()) return std::nullopt;
  return figures.at(at).get<double>();
}

std::optional<double> newest_accuracy(const TextState& state) {
  return state.curve.empty() ? number_at(state.base, "/greedy/accuracy")
                             : number_at(state.curve.back(), "/greedy");
}

void put(StageProgress& progress, const char* name, const std::optional<double>& value) {
  if (value) progress.values[name] = *value;
}

// A further part of a line, if there is one.
std::string after_gap(const std::string& part) { return part.empty() ? part : "  " + part; }

}  // namespace

void TextProgress::begin(const TextState& state, double now) {
  steps_.rate(now, static_cast<double>(state.pretrain_steps));
  pretrained_tokens_.rate(now, static_cast<double>(state.pretrain_tokens));
}

StageProgress TextProgress::pretrained(const TextState& state, const Trained& slice, double now) {
  const auto total = config_.pretrain.steps;
  const double steps = steps_.rate(now, static_cast<double>(state.pretrain_steps));
  const double tokens = pretrained_tokens_.rate(now, static_cast<double>(state.pretrain_tokens));
  StageProgress progress{"pretrain", state.pretrain_steps, total, slice.values};
  progress.values["loss"] = slice.loss;
  if (tokens > 0) progress.values["tokens_per_second"] = tokens;
  progress.line =
      fmt::format("pretrain {}/{}  loss {:.3f}{}{}", state.pretrain_steps, total, slice.loss,
                  tokens > 0 ? fmt::format("  {:.1f} k tokens/s", tokens / 1e3) : "",
                  after_gap(time_left(static_cast<double>(total - state.pretrain_steps), steps)));
  return progress;
}

StageProgress TextProgress::trained(const TextState& state, const Trained& version, double now) {
  const auto made = static_cast<std::int64_t>(state.version) - 1;
  const auto total = config_.rl.versions;
  StageProgress progress{"rl", made, total, version.values};
  if (version.tokens > 0) progress.values["loss"] = version.loss;
  if (state.attempts > 0)
    progress.values["win_share"] =
        static_cast<double>(state.wins) / static_cast<double>(state.attempts);
  put(progress, "greedy", newest_accuracy(state));
  put(progress, "staleness", version.staleness);
  progress.values["replay.dropped_stale"] = static_cast<double>(version.dropped_stale);
  progress.values["attempts"] = static_cast<double>(state.attempts);
  progress.values["generated_tokens"] = static_cast<double>(state.generated_tokens);
  const double pace = versions_.rate(now, static_cast<double>(made));
  const double tokens = tokens_.rate(now, static_cast<double>(state.generated_tokens));
  progress.values["generated_tokens_per_second"] = tokens;
  progress.line = fmt::format("rl {}/{}  greedy {}  {} k tokens generated{}{}", made, total,
                              figure(newest_accuracy(state)), state.generated_tokens / 1000,
                              tokens > 0 ? fmt::format(", {:.1f} k/s", tokens / 1e3) : "",
                              after_gap(time_left(static_cast<double>(total - made), pace)));
  return progress;
}

StageProgress TextProgress::criticised(const TextState& state,
                                       const std::optional<double>& loss) const {
  StageProgress progress{"critic", state.critic_updates, state.critic_updates, {}};
  put(progress, "loss", loss);
  for (const auto& [name, value] : state.critic_figures.items())
    progress.values[name] = value.get<double>();
  progress.line =
      fmt::format("critic {}/{}  loss {}  step AUC {}  calibration error {}", state.critic_updates,
                  config_.rl.versions * config_.critic.updates_per_version, figure(loss),
                  figure(number_at(state.critic_figures, "/step_auc")),
                  figure(number_at(state.critic_figures, "/calibration_error")));
  return progress;
}

StageProgress TextProgress::evaluated(const OrderedEvaluation& evaluation,
                                      const Evaluated& figures) {
  const std::string how = evaluation.sampled ? "sampled" : "greedy";
  const auto version = evaluation.point.at("policy_version").get<std::int64_t>();
  return {"eval",
          version,
          version,
          {{how, figures.accuracy}, {"n", static_cast<double>(figures.n)}},
          fmt::format("{} {} accuracy {:.4f} on {} held-out problems", evaluation.what, how,
                      figures.accuracy, figures.n)};
}

}  // namespace qstar::experiment

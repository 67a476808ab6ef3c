#include "experiment/text/text_state.hpp"

#include <fmt/format.h>

#include "data/attempt.hpp"

namespace qstar::experiment {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EngineTimes, now, stage_waited, executors_busy, executors_idle)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PolicyRef, hash, version)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderedVersion, version, policy, critic, critic_updates, first)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OrderedEvaluation, what, sampled, problems, point, policy)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TextState, finished, pretrain_steps, policy_updates,
                                   critic_updates, version, policy, critic, ordered, evaluations,
                                   leases, assessment_due, pretrain_tokens, trained_tokens,
                                   generated_tokens, attempts, wins, lucky, cpu_seconds, times,
                                   base, curve, critic_figures, final_)

void count(const AttemptGroup& group, TextState& state) {
  for (const auto& attempt : group.attempts) {
    ++state.attempts;
    state.generated_tokens += tokens_of(attempt);
    state.wins += attempt.win() ? 1 : 0;
    state.lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
  }
}

std::int64_t version_end(const TextState& state, const ExperimentConfig& config) {
  return static_cast<std::int64_t>(state.version) * config.rl.updates_per_version;
}

std::uint64_t oldest_allowed(const TextState& state, const ExperimentConfig& config) {
  const auto bound = static_cast<std::uint64_t>(config.rl.staleness);
  return state.version > bound ? state.version - bound : 0;
}

Status extend(TextState& state, const ExperimentConfig& config) {
  if (state.version == 0) return {};
  const auto made = static_cast<std::int64_t>(state.version) - 1;
  if (config.rl.versions < made)
    return fail(Errc::kConfig,
                fmt::format("rl.versions = {}: the run has trained {} versions already; give at "
                            "least that many",
                            config.rl.versions, made));
  if (config.rl.versions == made) return {};
  state.finished = false;
  state.final_ = nlohmann::json::object();
  std::erase_if(state.evaluations,
                [](const auto& evaluation) { return evaluation.what == "final"; });
  return {};
}

void record(TextState& state, const OrderedEvaluation& evaluation, const Evaluated& e) {
  const nlohmann::json figures = {{"n", e.n},
                                  {"accuracy", e.accuracy},
                                  {"ci95", {e.low, e.high}},
                                  {"tokens_per_problem", e.tokens_per_problem},
                                  {"cpu_seconds", e.cpu_seconds}};
  const char* how = evaluation.sampled ? "sampled" : "greedy";
  if (evaluation.what == "base") state.base[how] = figures;
  if (evaluation.what == "final") state.final_[how] = figures;
  if (evaluation.sampled || evaluation.what == "final") return;
  nlohmann::json point = evaluation.point;
  point["greedy"] = e.accuracy;
  state.curve.push_back(std::move(point));
}

Status damaged_part(std::string_view part) {
  return fail(
      Errc::kCorrupt,
      fmt::format("checkpoints/{}: {} is missing or damaged; start a new run", kTextLabel, part));
}

std::string save(const TextState& state) { return nlohmann::json(state).dump(); }

Result<TextState> load_text_state(std::string_view bytes) {
  try {
    return nlohmann::json::parse(bytes).get<TextState>();
  } catch (const nlohmann::json::exception& e) {
    return fail(Errc::kCorrupt, std::string("the saved state is damaged: ") + e.what());
  }
}

}  // namespace qstar::experiment

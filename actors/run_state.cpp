#include "actors/run_state.hpp"

namespace qstar {

NLOHMANN_JSON_SERIALIZE_ENUM(Phase, {{Phase::kPretrain, "pretrain"},
                                     {Phase::kReinforce, "rl"},
                                     {Phase::kFinished, "finished"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunState, phase, pretrain_steps, policy_updates, critic_updates,
                                   version, next_task, unfinished, pretrain_tokens, trained_tokens,
                                   generated_tokens, attempts, wins, lucky, cpu_seconds,
                                   wall_seconds, base, curve, critic, final_)

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::kPretrain: return "pretrain";
    case Phase::kReinforce: return "rl";
    case Phase::kFinished: return "finished";
  }
  return "";
}

std::string save(const RunState& state) { return nlohmann::json(state).dump(); }

Result<RunState> load_run_state(std::string_view bytes) {
  try {
    return nlohmann::json::parse(bytes).get<RunState>();
  } catch (const nlohmann::json::exception& e) {
    return fail(Errc::kCorrupt, std::string("the checkpoint's run.json is damaged: ") + e.what());
  }
}

}  // namespace qstar

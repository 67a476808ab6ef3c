#include "experiment/text/reinforced.hpp"

namespace qstar::experiment {
namespace {

using nlohmann::json;

std::string digits_of(const std::vector<bool>& bits) {
  std::string text;
  for (const bool bit : bits) text += bit ? '1' : '0';
  return text;
}
std::vector<bool> bits_of(const std::string& digits) {
  std::vector<bool> bits;
  for (const char c : digits) bits.push_back(c == '1');
  return bits;
}

// The share of `part` in the sum of both; 1 when both are 0.
double share_of(double part, double other) { return part + other > 0 ? part / (part + other) : 1; }

json json_of(const AttemptCounts& counts) {
  return {{"n", counts.n}, {"wins", counts.wins}, {"lucky", counts.lucky}};
}

}  // namespace

void AttemptCounts::add(const std::vector<AttemptGroup>& groups) {
  for (const auto& group : groups) {
    for (const auto& attempt : group.attempts) {
      ++n;
      wins += attempt.win() ? 1 : 0;
      lucky += attempt.outcome == Outcome::kLucky ? 1 : 0;
    }
  }
}

json json_of(const Reinforced& result) {
  json saved = {{"tokens", result.tokens},
                {"rounds", result.rounds},
                {"critic_updates", result.critic_updates},
                {"attempts", json_of(result.attempts)},
                {"tokens_to_target", nullptr},
                {"cpu_seconds", result.cpu_seconds},
                {"wall_seconds", result.wall_seconds},
                {"waited_seconds", result.waited_seconds},
                {"executors_busy", result.executors_busy},
                {"executors_idle", result.executors_idle},
                {"curve", result.curve},
                {"quick_evaluations", json::array()},
                {"critic", result.critic_figures}};
  if (result.tokens_to_target) saved["tokens_to_target"] = *result.tokens_to_target;
  for (const auto& bits : result.quick_evaluations)
    saved["quick_evaluations"].push_back(digits_of(bits));
  return saved;
}

Reinforced reinforced_of(const json& saved) {
  Reinforced result;
  result.tokens = saved.at("tokens");
  result.rounds = saved.at("rounds");
  result.critic_updates = saved.at("critic_updates");
  const auto& attempts = saved.at("attempts");
  result.attempts = {attempts.at("n"), attempts.at("wins"), attempts.at("lucky")};
  if (const auto& tokens = saved.at("tokens_to_target"); !tokens.is_null())
    result.tokens_to_target = tokens.get<std::int64_t>();
  result.cpu_seconds = saved.at("cpu_seconds");
  result.wall_seconds = saved.at("wall_seconds");
  result.waited_seconds = saved.at("waited_seconds");
  result.executors_busy = saved.at("executors_busy");
  result.executors_idle = saved.at("executors_idle");
  result.curve = saved.at("curve");
  for (const std::string digits : saved.at("quick_evaluations"))
    result.quick_evaluations.push_back(bits_of(digits));
  result.critic_figures = saved.at("critic");
  return result;
}

Result<json> Reinforced::figures(const Run& run, std::string_view name) const {
  auto figures = run.evaluate(policy, name);
  if (!figures) return figures;
  figures->update({{"tokens", tokens},
                   {"rounds", rounds},
                   {"attempts", json_of(attempts)},
                   {"cpu_seconds", cpu_seconds},
                   {"wall_seconds", wall_seconds},
                   {"learner_busy", share_of(wall_seconds - waited_seconds, waited_seconds)},
                   {"executors_busy", share_of(executors_busy, executors_idle)},
                   {"lucky", figures->at("sampled").at("lucky")},
                   {"curve", curve}});
  if (!critic_figures.empty())
    figures->update({{"critic", critic_figures}, {"critic_updates", critic_updates}});
  return figures;
}

}  // namespace qstar::experiment

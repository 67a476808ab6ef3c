#include "experiment/story/rounds.hpp"

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

}  // namespace

json json_of(const PendingRound& pending) {
  return {{"problems", pending.proposal.problems}, {"proposed", pending.proposal.proposed},
          {"tokens", pending.proposal.tokens},     {"figures", pending.proposal.figures},
          {"policy", pending.policy.hash},         {"version", pending.policy.version},
          {"first_group", pending.first_group}};
}

json json_of(const PendingMeasurement& measurement) {
  return {{"policy", measurement.policy.hash},
          {"version", measurement.policy.version},
          {"tokens", measurement.tokens},
          {"values", measurement.values}};
}

PendingRound pending_round_of(const json& saved) {
  return {{saved.at("problems"), saved.at("proposed"), saved.at("tokens"), saved.at("figures")},
          {saved.at("policy"), saved.at("version")},
          saved.at("first_group")};
}

PendingMeasurement pending_measurement_of(const json& saved) {
  return {{saved.at("policy"), saved.at("version")}, {}, saved.at("tokens"), saved.at("values")};
}

json json_of(const Reinforced& result) {
  json saved = {{"tokens", result.tokens},
                {"tokens_to_target", nullptr},
                {"cpu_seconds", result.cpu_seconds},
                {"wall_seconds", result.wall_seconds},
                {"waited_seconds", result.waited_seconds},
                {"executors_busy", result.executors_busy},
                {"executors_idle", result.executors_idle},
                {"curve", result.curve},
                {"quick_evaluations", json::array()}};
  if (result.tokens_to_target) saved["tokens_to_target"] = *result.tokens_to_target;
  for (const auto& bits : result.quick_evaluations)
    saved["quick_evaluations"].push_back(digits_of(bits));
  return saved;
}

Reinforced reinforced_of(const json& saved) {
  Reinforced result;
  result.tokens = saved.at("tokens");
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
  return result;
}

Result<json> Reinforced::figures(const Story& story, std::string_view name) const {
  auto figures = story.evaluate(policy, name);
  if (!figures) return tl::unexpected(figures.error());
  figures->update({{"tokens", tokens},
                   {"cpu_seconds", cpu_seconds},
                   {"wall_seconds", wall_seconds},
                   {"learner_busy", share_of(wall_seconds - waited_seconds, waited_seconds)},
                   {"executors_busy", share_of(executors_busy, executors_idle)},
                   {"lucky", figures->at("sampled").at("lucky")},
                   {"curve", curve}});
  return figures;
}

}  // namespace qstar::experiment

#include "experiment/text/measurements_under_way.hpp"

#include <algorithm>

namespace qstar::experiment {

void MeasurementsUnderWay::begin(LearnedRound round) {
  Pending pending{std::move(round), {}};
  if (pending.round.evaluated) pending.parts = run_.begin_quick_evaluation(pending.round.policy);
  pending_.push_back(std::move(pending));
}

Result<MeasurementsUnderWay::Noted> MeasurementsUnderWay::next() {
  Noted noted;
  if (pending_.front().round.evaluated) {
    auto evaluation = run_.quick_evaluation(pending_.front().parts);
    if (!evaluation) return tl::unexpected(evaluation.error());
    noted.right = std::move(evaluation->right);
    noted.cpu_seconds = evaluation->cpu_seconds;
  }
  noted.round = std::move(pending_.front().round);
  pending_.pop_front();
  return noted;
}

void MeasurementsUnderWay::withdraw() {
  for (const auto& pending : pending_) run_.engine().cancel(pending.parts);
}

bool MeasurementsUnderWay::uses(const ModelHash& model) const {
  return std::ranges::any_of(pending_, [&](const Pending& pending) {
    return pending.round.evaluated && pending.round.policy.hash == model;
  });
}

nlohmann::json MeasurementsUnderWay::save() const {
  nlohmann::json saved = nlohmann::json::array();
  for (const auto& [round, parts] : pending_)
    saved.push_back({{"policy", round.policy.hash},
                     {"version", round.policy.version},
                     {"evaluated", round.evaluated},
                     {"tokens", round.tokens},
                     {"rounds", round.rounds},
                     {"values", round.values}});
  return saved;
}

bool MeasurementsUnderWay::restore(const nlohmann::json& saved,
                                   const std::function<bool(const ModelHash&)>& has) {
  for (const auto& round : saved) {
    LearnedRound learned{{round.at("policy"), round.at("version")},
                         round.at("evaluated"),
                         round.at("tokens"),
                         round.at("rounds"),
                         round.at("values")};
    if (learned.evaluated && !has(learned.policy.hash)) return false;
    begin(std::move(learned));
  }
  return true;
}

}  // namespace qstar::experiment

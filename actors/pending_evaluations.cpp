#include "actors/pending_evaluations.hpp"

#include <fmt/format.h>

#include <utility>

namespace qstar {
namespace {

std::string part_of(std::size_t place) { return fmt::format("evaluation{}", place); }

}  // namespace

std::uint64_t PendingEvaluations::add(PendingEvaluation evaluation) {
  all_.emplace(next_, std::move(evaluation));
  return next_++;
}

PendingEvaluation PendingEvaluations::take(std::uint64_t number) {
  const auto it = all_.find(number);
  QSTAR_ASSERT(it != all_.end(), fmt::format("evaluation {}", number));
  PendingEvaluation done = std::move(it->second);
  all_.erase(it);
  return done;
}

nlohmann::json PendingEvaluations::save(const std::string& newest_model,
                                        CheckpointParts& parts) const {
  auto list = nlohmann::json::array();
  for (const auto& [number, e] : all_) {
    if (e.model != newest_model) parts[part_of(list.size())] = e.model;
    list.push_back(
        {{"what", e.what}, {"sampled", e.sampled}, {"problems", e.problems}, {"point", e.point}});
  }
  return list;
}

Result<PendingEvaluations> PendingEvaluations::load(const nlohmann::json& list,
                                                    const CheckpointParts& parts) {
  PendingEvaluations pending;
  try {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& e = list.at(i);
      const auto part = parts.find(part_of(i)), newest = parts.find("model");
      if (part == parts.end() && newest == parts.end())
        return fail(Errc::kCorrupt, "the checkpoint lacks the model of an evaluation");
      pending.add({e.at("what"), e.at("sampled"), e.at("problems"), e.at("point"),
                   part != parts.end() ? part->second : newest->second});
    }
  } catch (const nlohmann::json::exception& e) {
    return fail(Errc::kCorrupt,
                std::string("the checkpoint's list of evaluations is damaged: ") + e.what());
  }
  return pending;
}

}  // namespace qstar

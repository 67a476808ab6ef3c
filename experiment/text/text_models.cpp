#include "experiment/text/text_models.hpp"

#include <cstdlib>
#include <fmt/format.h>

namespace qstar::experiment {
namespace {

constexpr std::string_view kPrefix = "model-";

}  // namespace

Result<ModelHash> TextModels::publish(std::string bytes, const std::string& role,
                                      std::uint64_t version) {
  auto kept = std::make_shared<const std::string>(std::move(bytes));
  auto hash = host_.engine->publish(*kept);
  if (!hash) return hash;
  models_[*hash] = {std::move(kept), role, version};
  if (!host_.model_number) return hash;
  const auto number = host_.model_number(*hash, role, role, version);
  if (!number) return tl::unexpected(number.error());
  numbers_[*hash] = *number;
  return hash;
}

std::uint64_t TextModels::number(const ModelHash& model) const {
  const auto it = numbers_.find(model);
  return it == numbers_.end() ? 0 : it->second;
}

void TextModels::name_in(Trajectory& attempt, const OrderedVersion& made_by) const {
  for (auto& step : attempt.steps) step.model = number(made_by.policy.hash);
  if (made_by.critic.empty()) return;
  attempt.critic_version = made_by.critic_updates;
  attempt.critic_model = number(made_by.critic);
}

void TextModels::keep_only(const std::set<ModelHash>& needed) {
  std::erase_if(models_, [&](const auto& entry) { return !needed.contains(entry.first); });
}

void TextModels::save(SavedParts& parts) const {
  for (const auto& [hash, model] : models_)
    parts[fmt::format("{}{}-{}", kPrefix, model.role, model.version)] = *model.bytes;
}

Status TextModels::restore(const SavedParts& parts) {
  for (const auto& [name, bytes] : parts) {
    if (!name.starts_with(kPrefix)) continue;
    const auto dash = name.rfind('-');
    const auto role = name.substr(kPrefix.size(), dash - kPrefix.size());
    const auto hash = publish(bytes, role, std::strtoull(name.c_str() + dash + 1, nullptr, 10));
    if (!hash) return tl::unexpected(hash.error());
  }
  return {};
}

}  // namespace qstar::experiment

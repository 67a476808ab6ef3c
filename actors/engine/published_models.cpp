#include "actors/engine/published_models.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/sha256.hpp"

namespace qstar::actors {
namespace {

constexpr std::size_t kPiece = 1 << 20;

}  // namespace

experiment::ModelHash PublishedModels::publish(std::string bytes) {
  auto hash = sha256(bytes).hex();
  const std::scoped_lock lock(mutex_);
  std::erase_if(models_, [&](const Published& model) { return model.hash == hash; });
  models_.push_back({hash, std::make_shared<const std::string>(std::move(bytes))});
  if (models_.size() > kMost) models_.pop_front();
  return hash;
}

Result<std::shared_ptr<const std::string>> PublishedModels::model(
    const experiment::ModelHash& hash) const {
  const std::scoped_lock lock(mutex_);
  const auto it = std::find_if(models_.begin(), models_.end(),
                               [&](const Published& model) { return model.hash == hash; });
  if (it != models_.end()) return it->bytes;
  return fail(Errc::kMissingFile, fmt::format("model {} is not published", hash.substr(0, 12)));
}

Result<ModelPiece> PublishedModels::piece(const ModelRequest& request) const {
  const auto bytes = model(request.hash);
  if (!bytes) return tl::unexpected(bytes.error());
  if (request.offset >= (*bytes)->size())
    return fail(Errc::kUsage, "a peer asked for what lies beyond the end of a model");
  return ModelPiece{(*bytes)->size(), (*bytes)->substr(request.offset, kPiece)};
}

}  // namespace qstar::actors

#include "actors/weights_shelf.hpp"

#include <fmt/format.h>

namespace qstar {
namespace {

constexpr std::size_t kPiece = 1 << 20;
constexpr std::size_t kVersionsKept = 3;

}  // namespace

void WeightsShelf::publish(std::uint64_t version, std::string model) {
  weights_[version] = std::move(model);
  while (weights_.size() > kVersionsKept) weights_.erase(weights_.begin());
}

Result<WeightsChunk> WeightsShelf::chunk(const WeightsRequest& request) const {
  const std::uint64_t version = request.version == 0 ? newest() : request.version;
  const auto it = weights_.find(version);
  if (it == weights_.end() || version < request.at_least) {
    return fail(
        Errc::kTimeout,
        fmt::format("weights of version {} are not available; request the newest", version));
  }
  const std::string& bytes = it->second;
  if (request.offset >= bytes.size()) {
    return fail(Errc::kUsage,
                fmt::format("offset {} is beyond the end of the weights", request.offset));
  }
  return WeightsChunk{version, bytes.size(), request.offset, bytes.substr(request.offset, kPiece)};
}

WeightsRequest WeightsPieces::begin(std::uint64_t at_least) {
  bytes_.clear();
  return {at_least, 0, 0};
}

std::optional<WeightsRequest> WeightsPieces::add(const WeightsChunk& chunk) {
  version_ = chunk.version;
  bytes_ += chunk.bytes;
  if (bytes_.size() >= chunk.total) return std::nullopt;
  return WeightsRequest{version_, version_, bytes_.size()};
}

}  // namespace qstar

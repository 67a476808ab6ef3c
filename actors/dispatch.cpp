#include "actors/dispatch.hpp"

#include <fmt/format.h>

namespace qstar {
namespace {

constexpr std::size_t kPiece = 1 << 20;
constexpr std::size_t kVersionsKept = 3;

}  // namespace

Dispatch::Dispatch(const ExperimentConfig& config, bool deterministic)
    : config_(config), deterministic_(deterministic), book_(config.rollout.lease_seconds) {}

Lease Dispatch::lease(const Environment& environment, const std::string& holder, double now) {
  const auto& r = config_.rollout;
  Lease lease;
  lease.task = book_.hand_out(holder, now);
  lease.first_group = lease.task * static_cast<std::uint64_t>(r.lease_groups);
  lease.seed = static_cast<std::uint64_t>(config_.seed);
  lease.version = newest();
  lease.samples = static_cast<std::uint32_t>(r.samples);
  lease.max_tokens = static_cast<std::uint32_t>(r.max_tokens);
  lease.temperature_bits = std::bit_cast<std::uint32_t>(static_cast<float>(r.temperature));
  lease.deterministic = deterministic_;
  Rng rng(derive_seed(lease.seed, "problems", lease.task));
  for (std::int64_t i = 0; i < r.lease_groups; ++i) {
    lease.problems.push_back(environment.sample_problem(rng, Split::kTraining));
  }
  return lease;
}

void Dispatch::publish(std::uint64_t version, std::string model) {
  weights_[version] = std::move(model);
  while (weights_.size() > kVersionsKept) weights_.erase(weights_.begin());
}

Result<WeightsChunk> Dispatch::chunk(const WeightsRequest& request) const {
  const std::uint64_t version = request.version == 0 ? newest() : request.version;
  const auto it = weights_.find(version);
  if (it == weights_.end() || version < request.at_least) {
    return fail(Errc::kTimeout, fmt::format("weights of version {} are not to be had", version));
  }
  const std::string& bytes = it->second;
  if (request.offset >= bytes.size()) {
    return fail(Errc::kUsage,
                fmt::format("offset {} lies behind the end of the weights", request.offset));
  }
  return WeightsChunk{version, bytes.size(), request.offset, bytes.substr(request.offset, kPiece)};
}

}  // namespace qstar

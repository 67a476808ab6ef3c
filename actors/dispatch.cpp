#include "actors/dispatch.hpp"

namespace qstar {

Dispatch::Dispatch(const ExperimentConfig& config, bool deterministic)
    : config_(config), deterministic_(deterministic), book_(config.rollout.lease_seconds) {}

Lease Dispatch::lease(const Environment& environment, const std::string& holder, double now) {
  const auto& r = config_.rollout;
  Lease lease;
  lease.task = book_.hand_out(holder, now);
  lease.first_group = lease.task * static_cast<std::uint64_t>(r.lease_groups);
  lease.seed = static_cast<std::uint64_t>(config_.seed);
  lease.version = weights_.newest();
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

}  // namespace qstar

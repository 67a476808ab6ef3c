#include "experiment/text/text_attempts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/rng.hpp"

namespace qstar::experiment {

AttemptTask rollout_task(const ExperimentConfig& config,
                         const environment::Environment& environment, std::uint64_t number,
                         const PolicyRef& policy) {
  const auto& r = config.rollout;
  AttemptTask task;
  task.policy.hash = policy.hash;
  task.policy.version = policy.version;
  task.how.samples = r.samples;
  task.how.temperature = r.temperature;
  task.how.max_tokens = static_cast<std::int32_t>(r.max_tokens);
  task.how.seed = static_cast<std::uint64_t>(config.seed);
  task.how.first_group = number * static_cast<std::uint64_t>(r.lease_groups);
  Rng rng(derive_seed(task.how.seed, "problems", number));
  for (std::int64_t i = 0; i < r.lease_groups; ++i)
    task.problems.push_back(environment.sample_problem(rng, environment::Split::kTraining));
  return task;
}

std::uint64_t TextAttempts::leases_before(std::uint64_t version) const {
  return (version - 1) * leases_per_version(config_);
}

void TextAttempts::order(const TextState& state) {
  // The base's attempts are the worst to learn from: it makes those of one version.
  const auto ahead =
      state.version == 1 ? 0 : static_cast<std::uint64_t>(config_.rollout.versions_ahead);
  const auto last =
      std::min(state.version + ahead, static_cast<std::uint64_t>(config_.rl.versions));
  const auto collected = state.leases / leases_per_version(config_);
  const auto next = ordered_.empty() ? collected + 1 : ordered_.back().what.version + 1;
  for (auto version = next; version <= last; ++version)
    submit({version,
            {state.policy, state.version},
            state.critic,
            static_cast<std::uint64_t>(state.critic_updates),
            leases_before(version)});
}

void TextAttempts::submit(const OrderedVersion& what) {
  Ordered ordered{what, {}};
  for (auto lease = what.first; lease < leases_before(what.version + 1); ++lease) {
    auto task = rollout_task(config_, environment_, lease, what.policy);
    task.scorer = what.critic;
    ordered.leases.push_back(host_.engine->submit(std::move(task)));
  }
  ordered_.push_back(std::move(ordered));
}

Status TextAttempts::collect(TextState& state, const Take& take) {
  while (!ordered_.empty() && ordered_.front().what.version <= state.version) {
    auto& ordered = ordered_.front();
    while (!ordered.leases.empty()) {
      auto result = host_.engine->wait(ordered.leases.front());
      if (!result) return tl::unexpected(result.error());
      if (auto taken = take(ordered.what, search::groups_of(std::move(result->found))); !taken)
        return taken;
      ordered.leases.pop_front();
      ++ordered.what.first;
      ++state.leases;
      if (host_.stop()) return fail(Errc::kInterrupted, "stopped");
    }
    ordered_.pop_front();
  }
  return {};
}

Status TextAttempts::check_stored(const TextState& state) const {
  if (state.leases == 0) return {};
  const auto newest = state.leases * static_cast<std::uint64_t>(config_.rollout.lease_groups) - 1;
  const auto group = host_.stored(newest);
  if (group || group.error().code != Errc::kMissingFile)
    return group.map([](const AttemptGroup&) {});
  return fail(Errc::kCorrupt,
              fmt::format("the store has lost attempts: the checkpoint knows of group {}, which is "
                          "not there; put back the missing files of store/, or start a new run",
                          newest));
}

void TextAttempts::add_models(std::set<ModelHash>& models) const {
  for (const auto& ordered : ordered_)
    models.insert({ordered.what.policy.hash, ordered.what.critic});
}

std::vector<OrderedVersion> TextAttempts::ordered() const {
  std::vector<OrderedVersion> all;
  for (const auto& ordered : ordered_) all.push_back(ordered.what);
  return all;
}

void TextAttempts::order_again(const std::vector<OrderedVersion>& ordered) {
  // rl.versions may be lower now.
  for (const auto& what : ordered)
    if (what.version <= static_cast<std::uint64_t>(config_.rl.versions)) submit(what);
}

}  // namespace qstar::experiment

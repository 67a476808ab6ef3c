#include "experiment/text/critic_trainer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

#include "persistence/bytes.hpp"
#include "persistence/store.hpp"

namespace qstar::experiment {
namespace {

constexpr std::size_t kScored = 1024;  // attempts
constexpr std::size_t kSlice = 64;     // attempts per forward pass, so that it fits the caches

}  // namespace

Result<std::unique_ptr<CriticTrainer>> CriticTrainer::make(const ReinforceConfig& config,
                                                           const model::ModelFile& policy,
                                                           std::uint64_t seed,
                                                           learning::FailedBatches failed) {
  auto table = persistence::ReplayTable::make(config.critic_table);
  if (!table) return tl::unexpected(table.error());
  return std::unique_ptr<CriticTrainer>(
      new CriticTrainer(config, policy, seed, std::move(failed), std::move(*table)));
}

CriticTrainer::CriticTrainer(const ReinforceConfig& config, const model::ModelFile& policy,
                             std::uint64_t seed, learning::FailedBatches failed,
                             persistence::ReplayTable table)
    : config_(config),
      critic_(policy, derive_seed(seed, "critic"), learning::heads_of(config.critic)),
      failed_(std::move(failed)),
      table_(std::move(table)),
      rng_(derive_seed(seed, "critic.replay")) {}

void CriticTrainer::insert(std::span<const std::shared_ptr<const AttemptGroup>> groups) {
  for (const auto& group : groups) {
    for (const auto& attempt : group->attempts) note(attempt);
    table_.insert(group);
  }
}

void CriticTrainer::note(const Trajectory& attempt) {
  scored_.push_back(attempt);
  if (scored_.size() > kScored) scored_.pop_front();
}

Status CriticTrainer::train(std::int64_t updates, double share, const Stop& stop) {
  loss_.reset();
  double sum = 0;
  std::int64_t learned = 0;
  for (; updates_ < updates && !stop(); ++updates_) {
    const auto loss = update(share);
    if (!loss) return tl::unexpected(loss.error());
    if (*loss) sum += **loss, ++learned;
  }
  if (learned > 0) loss_ = sum / static_cast<double>(learned);
  return {};
}

// Warm-up by its own steps; then the rate falls with the share of the run.
double CriticTrainer::rate(double share) const {
  constexpr std::int64_t kWhole = 1'000'000;
  auto falling = config_.critic.optimizer, rising = falling;
  falling.warmup = 0;
  rising.decay_start = 1;
  return learning::schedule(rising, updates_, std::numeric_limits<std::int64_t>::max()) *
         learning::schedule(falling, std::llround(share * kWhole), kWhole);
}

Result<std::optional<double>> CriticTrainer::update(double share) {
  const auto sampled = table_.sample(config_.critic.groups_per_update, rng_);
  if (sampled.empty()) return std::nullopt;
  std::vector<learning::WeightedGroup> batch;
  std::vector<std::uint64_t> ids;
  for (const auto& one : sampled) {
    batch.push_back({one.group.get(), one.weight});
    ids.push_back(one.group->group);
  }
  const auto stats = learning::or_keep(critic_.update(batch, config_.critic, rate(share)), failed_,
                                       std::span<const learning::WeightedGroup>(batch));
  if (!stats) return tl::unexpected(stats.error());
  table_.update_priorities(ids, stats->priorities);
  return stats->loss;
}

learning::CriticReport CriticTrainer::assess_all(std::span<const AttemptGroup> groups) {
  std::vector<Trajectory> attempts;
  std::vector<std::vector<float>> q;
  for (const auto& group : groups)
    attempts.insert(attempts.end(), group.attempts.begin(), group.attempts.end());
  for (std::size_t first = 0; first < attempts.size(); first += kSlice) {
    const auto n = std::min(kSlice, attempts.size() - first);
    auto values = critic_.step_values(std::span(attempts).subspan(first, n));
    std::move(values.begin(), values.end(), std::back_inserter(q));
  }
  return qstar::learning::assess(attempts, q);
}

learning::CriticReport CriticTrainer::assess_scored() const {
  const std::vector<Trajectory> attempts(scored_.begin(), scored_.end());
  std::vector<std::vector<float>> q(attempts.size());
  for (std::size_t a = 0; a < attempts.size(); ++a) {
    for (const auto& step : attempts[a].steps)
      if (step.q) q[a].push_back(*step.q);
  }
  return qstar::learning::assess(attempts, q);
}

std::map<std::string, double> CriticTrainer::assess(std::span<const AttemptGroup> reference) {
  const auto judged = assess_all(reference);
  const auto scored = assess_scored();
  std::map<std::string, double> figures = {{"steps", static_cast<double>(scored.steps)}};
  if (judged.steps > 0) figures["step_auc"] = judged.step_auc;
  if (scored.steps > 0) figures["calibration_error"] = scored.calibration_error;
  for (std::size_t b = 0; b < scored.bins.size(); ++b) {
    const auto prefix = "bin" + std::to_string(b);
    figures[prefix + ".q"] = scored.bins[b].mean_q;
    figures[prefix + ".win"] = scored.bins[b].win_rate;
    figures[prefix + ".n"] = static_cast<double>(scored.bins[b].n);
  }
  return figures;
}

std::map<std::string, std::string> CriticTrainer::save() const {
  std::string counters;
  persistence::append_raw(counters, rng_.state());
  persistence::append_raw(counters, updates_);
  std::vector<AttemptGroup> scored;
  for (const auto& attempt : scored_) scored.push_back({attempt.id.group, {attempt}});
  return {{"critic", critic_.save()},
          {"critic_counters", counters},
          {"critic_table", table_.save()},
          {"critic_scored", persistence::pack(scored)}};
}

Status CriticTrainer::load(const std::map<std::string, std::string>& parts, std::string_view source,
                           const persistence::ReplayTable::Stored& stored) {
  const auto damaged = [&](std::string_view part) {
    return fail(Errc::kCorrupt, std::string(source) + ": " + std::string(part) +
                                    " is missing or damaged; start a new run");
  };
  for (const auto* part : {"critic", "critic_counters", "critic_table", "critic_scored"})
    if (!parts.contains(part)) return damaged(part);
  if (auto loaded = critic_.load(parts.at("critic"), std::string(source) + "/critic"); !loaded)
    return loaded;
  std::string_view counters = parts.at("critic_counters");
  std::array<std::uint64_t, 4> place{};
  if (!persistence::take_raw(counters, place) || !persistence::take_raw(counters, updates_))
    return damaged("critic_counters");
  rng_.set_state(place);
  if (auto restored = table_.restore(parts.at("critic_table"), stored); !restored) return restored;
  const auto scored = persistence::unpack(parts.at("critic_scored"));
  if (!scored) return damaged("critic_scored");
  for (const auto& group : *scored)
    for (const auto& attempt : group.attempts) note(attempt);
  return {};
}

}  // namespace qstar::experiment

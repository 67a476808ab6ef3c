#include <algorithm>
#include <cmath>

#include "experiment/text/teach.hpp"

namespace qstar::experiment {
namespace {

constexpr std::size_t kSlice = 256;  // attempts

learning::FailedBatches failed_batches(const Run& run, std::string_view label) {
  return {std::string(label), run.host().keep_failed};
}

template <class Learner, class Example>
Status teach_examples(Run& run, Learner& learner, std::span<const Example> examples,
                      const learning::RewardConfig& config, std::string_view label) {
  if (examples.empty())
    return fail(Errc::kConfig,
                std::string(label) +
                    ": there are no training examples: all ranked answers tie, or the label file "
                    "has no usable record; raise its number of problems, or check the file");
  Rng rng(run.seed(label));
  for (std::int64_t i = 0; i < config.updates; ++i) {
    std::vector<Example> batch;
    for (std::int64_t n = 0; n < config.attempts_per_update; ++n)
      batch.push_back(examples[rng.below(examples.size())]);
    const auto stats = learning::or_keep(
        learner.update(batch, config, learning::schedule(config.optimizer, i, config.updates)),
        failed_batches(run, label), std::span<const Example>(batch));
    if (!stats) return tl::unexpected(stats.error());
    if (auto on =
            run.host().show({std::string(label), i + 1, config.updates, {{"loss", stats->loss}}});
        !on)
      return on;
  }
  return {};
}

template <class Scores>
std::vector<std::vector<float>> in_slices(std::span<const Trajectory> attempts, Scores scores) {
  std::vector<std::vector<float>> all;
  for (std::size_t at = 0; at < attempts.size(); at += kSlice) {
    const auto slice = attempts.subspan(at, std::min(kSlice, attempts.size() - at));
    for (auto& row : scores(slice)) all.push_back(std::move(row));
  }
  return all;
}

}  // namespace

Status teach(Run& run, learning::RewardLearner& learner,
             std::span<const learning::LabelledAttempt> examples,
             const learning::RewardConfig& config, std::string_view label) {
  return teach_examples(run, learner, examples, config, label);
}

Status teach(Run& run, learning::RewardLearner& learner,
             std::span<const learning::RankedPair> pairs, const learning::RewardConfig& config,
             std::string_view label) {
  return teach_examples(run, learner, pairs, config, label);
}

Status teach(Run& run, learning::CriticLearner& critic, std::span<const AttemptGroup> groups,
             std::int64_t updates, const learning::CriticConfig& config, std::string_view label) {
  Rng rng(run.seed(label));
  for (std::int64_t i = 0; i < updates; ++i) {
    std::vector<learning::WeightedGroup> batch;
    for (std::int64_t n = 0; n < config.groups_per_update; ++n)
      batch.push_back({&groups[rng.below(groups.size())], 1.0F});
    const auto stats = learning::or_keep(
        critic.update(batch, config, learning::schedule(config.optimizer, i, updates)),
        failed_batches(run, label), std::span<const learning::WeightedGroup>(batch));
    if (!stats) return tl::unexpected(stats.error());
    if (auto on = run.host().show({std::string(label), i + 1, updates, {{"loss", stats->loss}}});
        !on)
      return on;
  }
  return {};
}

std::vector<std::vector<float>> scores_in_slices(learning::RewardLearner& learner,
                                                 std::span<const Trajectory> attempts) {
  return in_slices(attempts, [&](auto slice) { return learner.step_scores(slice); });
}

std::vector<std::vector<float>> scores_in_slices(learning::CriticLearner& critic,
                                                 std::span<const Trajectory> attempts) {
  return in_slices(attempts, [&](auto slice) { return critic.step_values(slice); });
}

double Calibration::error() const {
  double off = 0, all = 0;
  for (const auto& bin : bins) {
    off += static_cast<double>(bin.n) * std::abs(bin.mean - bin.rate);
    all += static_cast<double>(bin.n);
  }
  return all > 0 ? off / all : 0;
}

Calibration calibration_of(std::span<const std::pair<float, bool>> predictions) {
  Calibration calibration;
  for (const auto& [p, happened] : predictions) {
    auto& bin = calibration.bins[std::min<std::size_t>(9, static_cast<std::size_t>(p * 10))];
    bin.mean += static_cast<double>(p);
    bin.rate += happened ? 1 : 0;
    ++bin.n;
  }
  for (auto& bin : calibration.bins) {
    if (bin.n == 0) continue;
    bin.mean /= static_cast<double>(bin.n);
    bin.rate /= static_cast<double>(bin.n);
  }
  return calibration;
}

}  // namespace qstar::experiment

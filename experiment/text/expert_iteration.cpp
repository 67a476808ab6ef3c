#include <array>
#include <deque>

#include "experiment/text/improvers.hpp"
#include "persistence/bytes.hpp"
#include "persistence/store.hpp"

namespace qstar::experiment {
namespace {

// The smallest reward of an attempt that counts as right and is learned from.
constexpr double kRight = 0.5;

std::string bytes_of(const Round& round) {
  std::string bytes;
  persistence::append_block(bytes, persistence::pack(round.groups));
  for (const auto& row : round.rewards)
    for (const double reward : row) persistence::append_raw(bytes, reward);
  return bytes;
}

Result<Round> round_of(std::string_view bytes) {
  const auto damaged = [] {
    return fail(Errc::kCorrupt,
                "the saved rounds of expert iteration are damaged; remove that checkpoint to "
                "resume from the one before it, or start a new run");
  };
  std::string_view packed;
  if (!persistence::take_block(bytes, packed)) return damaged();
  auto groups = persistence::unpack(packed);
  if (!groups) return tl::unexpected(groups.error());
  Round round{std::move(*groups), {}, 1};
  for (const auto& group : round.groups) {
    auto& row = round.rewards.emplace_back(group.attempts.size());
    for (double& reward : row)
      if (!persistence::take_raw(bytes, reward)) return damaged();
  }
  return round;
}

class ExpertIteration final : public Improver {
 public:
  explicit ExpertIteration(const ImproverParts& parts) : parts_(parts), rng_(parts.seed) {}

  Result<std::map<std::string, double>> improve(learning::PolicyLearner& policy,
                                                Round round) override {
    const auto& config = parts_.config;
    const double rate_factor = round.rate_factor;
    round.proximal = nullptr;  // of this round alone
    window_.push_back(std::move(round));
    while (static_cast<std::int64_t>(window_.size()) > config.window) window_.pop_front();
    double loss = 0, rows = 0;
    for (std::int64_t i = 0; i < config.updates; ++i) {
      std::vector<std::string> texts;
      std::vector<float> weights;
      for (std::int64_t n = 0; n < config.groups_per_update; ++n) draw(texts, weights);
      if (texts.empty()) continue;
      const auto batch = learning::batch_of_solutions(*parts_.tokenizer, texts, weights);
      const auto stats = learning::or_keep(policy.update(batch, config.optimizer, rate_factor),
                                           parts_.failed, *parts_.tokenizer, batch);
      if (!stats) return tl::unexpected(stats.error());
      loss += stats->loss;
      rows += static_cast<double>(texts.size());
    }
    const auto updates = static_cast<double>(config.updates);
    return std::map<std::string, double>{{"loss", loss / updates}, {"rows", rows / updates}};
  }

  std::string save() const override {
    std::string bytes;
    persistence::append_raw(bytes, rng_.state());
    for (const auto& round : window_) persistence::append_block(bytes, bytes_of(round));
    return bytes;
  }

  Status load(std::string_view bytes) override {
    std::array<std::uint64_t, 4> state{};
    if (!persistence::take_raw(bytes, state))
      return fail(Errc::kCorrupt,
                  "the saved rounds of expert iteration are damaged; remove that checkpoint to "
                  "resume from the one before it, or start a new run");
    std::deque<Round> window;
    while (!bytes.empty()) {
      std::string_view block;
      if (!persistence::take_block(bytes, block))
        return fail(Errc::kCorrupt,
                    "the saved rounds of expert iteration are damaged; remove that checkpoint to "
                    "resume from the one before it, or start a new run");
      auto round = round_of(block);
      if (!round) return tl::unexpected(round.error());
      window.push_back(std::move(*round));
    }
    rng_.set_state(state);
    window_ = std::move(window);
    return {};
  }

 private:
  void draw(std::vector<std::string>& texts, std::vector<float>& weights) {
    const auto& round = window_[rng_.below(window_.size())];
    if (round.groups.empty()) return;
    const auto g = rng_.below(round.groups.size());
    const auto& group = round.groups[g];
    std::vector<bool> right;
    for (std::size_t a = 0; a < group.attempts.size(); ++a)
      right.push_back(round.rewards[g][a] >= kRight);
    learning::select_attempts(group, right, parts_.config.selection, texts, weights);
  }

  ImproverParts parts_;
  Rng rng_;
  std::deque<Round> window_;
};

}  // namespace

std::unique_ptr<Improver> make_expert_iteration(const ImproverParts& parts) {
  return std::make_unique<ExpertIteration>(parts);
}

}  // namespace qstar::experiment

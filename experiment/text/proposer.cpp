#include "experiment/text/proposer.hpp"

#include <array>

#include "data/attempt.hpp"
#include "experiment/run.hpp"
#include "learning/policy/advantages.hpp"
#include "model/models.hpp"
#include "persistence/bytes.hpp"
#include "search/text/sampling.hpp"

namespace qstar::experiment {

bool Proposer::is_new_problem(const std::string& problem) const {
  return !seen_.contains(problem) && !environment::is_held_out(problem) &&
         environment_.admits(problem);
}

Proposals Proposer::propose(model::Policy& policy, std::int64_t n, std::int64_t round) {
  Proposals made;
  if (n <= 0) return made;
  search::SearchOptions how;
  how.samples = n;
  how.max_tokens = options_.max_tokens;
  how.seed = derive_seed(options_.seed, "proposals", static_cast<std::uint64_t>(round));
  how.first_group = static_cast<std::uint64_t>(round);
  const std::vector<std::string> empty(1, std::string(kNoProblem));
  const auto written = policy.generate(search::requests_of(empty, how));
  made.written = std::move(
      search::groups_of(environment_.name(), empty, how, written, policy.version(), 0).front());
  for (const auto& attempt : made.written.attempts) {
    made.tokens += static_cast<std::int64_t>(tokens_of(attempt));
    if (attempt.outcome == Outcome::kUnfinished || attempt.steps.size() != 1) continue;
    const std::string& problem = attempt.steps.front().text;
    made.valid += environment_.admits(problem) ? 1 : 0;
    if (!is_new_problem(problem)) continue;
    seen_.insert(problem);
    made.problems.push_back(problem);
  }
  made.valid /= static_cast<double>(n);
  made.fresh = static_cast<double>(made.problems.size()) / static_cast<double>(n);
  return made;
}

ImitationBatches Proposer::imitation_batches(std::span<const RatedProblem> problems) {
  auto& newest = window_.emplace_back();
  for (const auto& rated : problems) {
    const double worth = learning::learnability(rated.pass_rate);
    if (worth > 0) newest.push_back({rated.problem, worth});
  }
  while (static_cast<std::int64_t>(window_.size()) > options_.window) window_.pop_front();
  std::vector<const Worth*> all;
  std::vector<double> sums;  // cumulative learnability
  double sum = 0;
  for (const auto& round : window_) {
    for (const auto& worth : round) {
      all.push_back(&worth);
      sums.push_back(sum += worth.learnability);
    }
  }
  ImitationBatches batches;
  if (all.empty()) return batches;
  for (std::int64_t i = 0; i < options_.updates; ++i) {
    auto& rows = batches.emplace_back();
    for (std::int64_t r = 0; r < options_.rows; ++r) {
      const auto drawn = std::upper_bound(sums.begin(), sums.end() - 1, rng_.uniform() * sum);
      rows.push_back(all[static_cast<std::size_t>(drawn - sums.begin())]->problem);
    }
  }
  return batches;
}

std::string Proposer::save() const {
  std::string bytes;
  persistence::append_raw(bytes, rng_.state());
  persistence::append_raw(bytes, static_cast<std::uint64_t>(window_.size()));
  for (const auto& round : window_) {
    persistence::append_raw(bytes, static_cast<std::uint64_t>(round.size()));
    for (const auto& worth : round) {
      persistence::append_block(bytes, worth.problem);
      persistence::append_raw(bytes, worth.learnability);
    }
  }
  for (const auto& problem : seen_) persistence::append_block(bytes, problem);
  return bytes;
}

Status Proposer::load(std::string_view bytes) {
  const auto damaged = [] {
    return fail(Errc::kCorrupt, "the saved state of the proposer is damaged");
  };
  std::array<std::uint64_t, 4> rng{};
  std::uint64_t rounds = 0, size = 0;
  std::string_view problem;
  if (!persistence::take_raw(bytes, rng) || !persistence::take_raw(bytes, rounds)) return damaged();
  std::deque<std::vector<Worth>> window;
  for (; window.size() < rounds;) {
    if (!persistence::take_raw(bytes, size)) return damaged();
    for (auto& round = window.emplace_back(); round.size() < size;) {
      double worth = 0;
      if (!persistence::take_block(bytes, problem) || !persistence::take_raw(bytes, worth))
        return damaged();
      round.push_back({std::string(problem), worth});
    }
  }
  std::unordered_set<std::string> seen;
  while (!bytes.empty()) {
    if (!persistence::take_block(bytes, problem)) return damaged();
    seen.emplace(problem);
  }
  rng_.set_state(rng);
  window_ = std::move(window);
  seen_ = std::move(seen);
  return {};
}

}  // namespace qstar::experiment

#include "story/setter.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/attempt.hpp"
#include "learning/advantages.hpp"
#include "learning/pretraining.hpp"
#include "persistence/bytes.hpp"
#include "search/sampling.hpp"

namespace qstar {

Setter::Setter(const Story& story, std::string label)
    : story_(story), config_(story.config().selfplay), label_(std::move(label)) {}

bool Setter::is_new_problem(const std::string& problem) const {
  return !seen_.contains(problem) && !is_held_out(problem) && story_.environment().admits(problem);
}

Result<ProblemSource::Proposal> Setter::propose(Story& story, Policy& policy, std::int64_t round) {
  const auto problems = story.config().rl.problems;
  const auto wanted = std::llround(config_.setter_share * static_cast<double>(problems));
  auto how = story.options(label_ + ".setter", static_cast<std::uint64_t>(round));
  how.samples = wanted;
  const std::vector<std::string> empty(wanted > 0 ? 1 : 0, std::string(kNoProblem));
  const auto written = policy.generate(requests_of(empty, how));
  auto groups = groups_of(story.environment().name(), empty, how, written, policy.version(), 0);
  proposals_ = groups.empty() ? AttemptGroup{} : std::move(groups.front());
  Proposal proposal;
  admitted_.clear();
  for (std::size_t a = 0; a < proposals_.attempts.size(); ++a) {
    const auto& attempt = proposals_.attempts[a];
    proposal.tokens += static_cast<std::int64_t>(tokens_of(attempt));
    if (attempt.outcome == Outcome::kUnfinished || attempt.steps.size() != 1) continue;
    const std::string& problem = attempt.steps.front().text;
    proposal.figures["valid"] += story.environment().admits(problem) ? 1 : 0;
    if (!is_new_problem(problem)) continue;
    seen_.insert(problem);
    admitted_.push_back(a);
    proposal.problems.push_back(problem);
  }
  const auto made = static_cast<double>(std::max<std::int64_t>(1, wanted));
  proposal.figures["valid"] /= made;
  proposal.figures["fresh"] = static_cast<double>(admitted_.size()) / made;
  const auto missing = problems - static_cast<std::int64_t>(proposal.problems.size());
  for (auto& more : story.training_problems(fmt::format("{}.{}", label_, round), missing))
    proposal.problems.push_back(std::move(more));
  if (auto kept = story.keep({&proposals_, proposals_.attempts.empty() ? 0UL : 1UL}); !kept)
    return tl::unexpected(kept.error());
  return proposal;
}

void Setter::learn(PolicyLearner& policy, const std::vector<AttemptGroup>& groups,
                   double rate_factor) {
  if (proposals_.attempts.empty()) return;
  std::vector<double> rewards(proposals_.attempts.size(), 0.0);
  for (std::size_t i = 0; i < admitted_.size(); ++i)
    rewards[admitted_[i]] = learnability(groups[i].pass_rate());
  PolicyGradientConfig config;
  config.entropy_weight = config_.entropy_weight;
  config.optimizer = config_.optimizer;
  std::vector<AdvantagedAttempt> attempts;
  append_rewarded(proposals_, rewards, config, story_.config().attempts.max_tokens, attempts);
  const auto batch = policy_gradient_batch(story_.tokenizer(), attempts, token_mean(config),
                                           story_.config().attempts.max_tokens);
  policy.update_policy_gradient(batch, config, rate_factor);
}

std::string Setter::save() const {
  std::string bytes;
  for (const auto& problem : seen_) append_block(bytes, problem);
  return bytes;
}

Status Setter::load(std::string_view bytes) {
  seen_.clear();
  while (!bytes.empty()) {
    std::string_view problem;
    if (!take_block(bytes, problem)) return fail(Errc::kCorrupt, "a saved setter is damaged");
    seen_.emplace(problem);
  }
  return {};
}

Status teach_setter(Story& story, PolicyLearner& policy) {
  const auto& config = story.config();
  const auto steps = config.selfplay.setter_steps;
  const auto& optimizer = config.sft.optimizer;
  for (std::int64_t i = 0; i < steps; ++i) {
    std::vector<std::string> texts;
    for (const auto& problem :
         story.training_problems(fmt::format("setter.{}", i), config.pretrain.rows)) {
      texts.push_back(prompt_of(kNoProblem, {}) + problem + kEndSeparator);
    }
    const std::vector<float> weights(texts.size(), 1.0F);
    const double rate = schedule(optimizer, i, steps);
    policy.update(batch_of_solutions(story.tokenizer(), texts, weights), optimizer, rate);
    Corpus rows(story.environment(), config.corpus,
                story.seed("setter.corpus", static_cast<std::uint64_t>(i)));
    policy.update(
        corpus_batch(rows, story.tokenizer(), config.pretrain.rows, config.pretrain.length),
        optimizer, rate);
    if (auto on = story.host().show({"setter", i + 1, steps, {}}); !on) return on;
  }
  policy.reset_optimizer();
  return {};
}

}  // namespace qstar

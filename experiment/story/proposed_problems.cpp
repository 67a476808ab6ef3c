#include "experiment/story/proposed_problems.hpp"

#include <fmt/format.h>

#include <cmath>

#include "data/attempt.hpp"
#include "experiment/story/curated.hpp"
#include "learning/policy/advantages.hpp"
#include "learning/policy/pretraining.hpp"

namespace qstar::experiment {
namespace {

// Problems as the proposer should write them: ";=problem;".
learning::TokenBatch batch_of_problems(const model::Tokenizer& tokenizer,
                                       const std::vector<std::string>& problems) {
  std::vector<std::string> texts;
  texts.reserve(problems.size());
  for (const auto& problem : problems)
    texts.push_back(prompt_of(kNoProblem, {}) + problem + kEndSeparator);
  return learning::batch_of_solutions(tokenizer, texts, std::vector<float>(texts.size(), 1.0F));
}

struct ImitationStep {
  std::string label;  // names the batch if it is kept
  const learning::OptimizerConfig& optimizer;
  double rate_factor;
};
Status update(const Story& story, learning::PolicyLearner& policy,
              const learning::TokenBatch& batch, const ImitationStep& step) {
  const auto stats =
      learning::or_keep(policy.update(batch, step.optimizer, step.rate_factor),
                        {step.label, story.host().keep_failed}, story.tokenizer(), batch);
  return stats ? Status{} : tl::unexpected(stats.error());
}

// Random streams keep the word "setter": seeds are derived from their names, and another name would
// change every result.
ProposerOptions options_of(const Story& story, const std::string& label) {
  const auto& config = story.config();
  return {.label = label,
          .seed = story.seed(label + ".setter"),
          .max_tokens = static_cast<std::int32_t>(config.attempts.max_tokens),
          .updates = config.selfplay.updates,
          .rows = config.rl.groups_per_update,
          .window = config.rl.window};
}

}  // namespace

ProposedProblems::ProposedProblems(const Story& story, std::string label, double share)
    : story_(story),
      label_(std::move(label)),
      share_(share),
      proposer_(story.environment(), options_of(story, label_)) {}

Result<ProblemSource::Proposal> ProposedProblems::propose(Story& story, const PolicyRef& policy,
                                                          std::int64_t round) {
  const auto problems = story.config().rl.problems;
  EnginePolicy writer(story.engine(), policy);
  auto made =
      proposer_.propose(writer, std::llround(share_ * static_cast<double>(problems)), round);
  if (!writer.status()) return tl::unexpected(writer.status().error());
  std::vector<AttemptGroup> written(1, std::move(made.written));
  story.name_models({.policy = policy}, written);
  made.written = std::move(written.front());
  if (auto kept = story.keep({&made.written, made.written.attempts.empty() ? 0UL : 1UL}); !kept)
    return tl::unexpected(kept.error());
  Proposal proposal{.problems = std::move(made.problems),
                    .tokens = made.tokens,
                    .figures = {{"valid", made.valid}, {"fresh", made.fresh}}};
  proposal.proposed = proposal.problems.size();
  const auto missing = problems - static_cast<std::int64_t>(proposal.problems.size());
  for (auto& more : story.training_problems(fmt::format("{}.{}", label_, round), missing))
    proposal.problems.push_back(std::move(more));
  return proposal;
}

Result<std::map<std::string, double>> ProposedProblems::learn(
    learning::PolicyLearner& policy, const Proposal& proposal,
    const std::vector<AttemptGroup>& groups, double rate_factor) {
  std::vector<RatedProblem> rated;
  double worth = 0, others = 0;  // sums of learnability
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].attempts.empty()) continue;
    rated.push_back({groups[g].attempts.front().problem, groups[g].pass_rate()});
    (g < proposal.proposed ? worth : others) += learning::learnability(rated.back().pass_rate);
  }
  const auto batches = proposer_.imitation_batches(rated);
  policy.swap_optimizer();
  for (const auto& problems : batches) {
    const auto batch = batch_of_problems(story_.tokenizer(), problems);
    if (auto done = update(story_, policy, batch,
                           {label_, story_.config().selfplay.optimizer, rate_factor});
        !done)
      return tl::unexpected(done.error());
  }
  policy.swap_optimizer();
  std::map<std::string, double> figures;
  if (proposal.proposed > 0)
    figures["learnability"] = worth / static_cast<double>(proposal.proposed);
  if (proposal.proposed < groups.size())
    figures["uniform_learnability"] =
        others / static_cast<double>(groups.size() - proposal.proposed);
  return figures;
}

Status train_proposer(Story& story, learning::PolicyLearner& policy, const std::string& start) {
  const auto& config = story.config();
  const auto steps = config.selfplay.proposer_steps;
  const auto& optimizer = config.sft.optimizer;
  const auto solutions =
      start == "sft" ? curated_solutions(story, config.sft.solutions) : std::vector<std::string>{};
  Rng rng(story.seed("setter.solutions"));
  for (std::int64_t i = 0; i < steps; ++i) {
    const double rate = learning::schedule(optimizer, i, steps);
    const auto problems =
        story.training_problems(fmt::format("setter.{}", i), config.pretrain.rows);
    environment::Corpus rows(story.environment(), config.corpus,
                             story.seed("setter.corpus", static_cast<std::uint64_t>(i)));
    const auto solved = solutions.empty()
                            ? learning::corpus_batch(rows, story.tokenizer(), config.pretrain.rows,
                                                     config.pretrain.length)
                            : draw_solutions(story.tokenizer(), solutions, config.sft.rows, rng);
    for (const auto& batch : {batch_of_problems(story.tokenizer(), problems), solved})
      if (auto done = update(story, policy, batch, {"proposer", optimizer, rate}); !done)
        return done;
    if (auto on = story.host().show({"proposer", i + 1, steps, {}}); !on) return on;
  }
  policy.reset_optimizer();
  return {};
}

}  // namespace qstar::experiment

#include "experiment/text/proposed_problems.hpp"

#include <fmt/format.h>

#include <cmath>

#include "data/attempt.hpp"
#include "experiment/text/curated.hpp"
#include "learning/policy/advantages.hpp"
#include "learning/policy/pretraining.hpp"
#include "persistence/store.hpp"

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
Status update(const Run& run, learning::PolicyLearner& policy, const learning::TokenBatch& batch,
              const ImitationStep& step) {
  const auto stats =
      learning::or_keep(policy.update(batch, step.optimizer, step.rate_factor),
                        {step.label, run.host().keep_failed}, run.tokenizer(), batch);
  return stats ? Status{} : tl::unexpected(stats.error());
}

ProposerOptions proposer_options(const Run& run, const ProposedProblems::Options& options) {
  return {.seed = run.seed(options.label + ".proposer"),
          .max_tokens = static_cast<std::int32_t>(run.config().attempts.max_tokens),
          .updates = options.proposer.updates,
          .rows = options.reinforce.groups_per_update,
          .window = options.reinforce.window};
}

// Batches like those that a stage trained its model on.
class EarlierData {
 public:
  // An experiment whose policy starts elsewhere has a stage that pre-trains it.
  EarlierData(const Run& run, const std::string& stage)
      : run_(run), rng_(run.seed("proposer.data")) {
    for (const auto* entry : run.config().active()) {
      if (const auto* config = entry->as<PretrainStageConfig>()) corpus_ = *config;
      if (const auto* config = entry->as<FineTuneConfig>(); config && entry->name == stage) {
        fine_tuning_ = config;
        solutions_ = curated_solutions(run, config->solutions);
      }
      if (entry->name == stage) break;
    }
  }

  // Problems per batch of problems, in proportion.
  std::int64_t rows() const { return corpus_.rows; }
  learning::TokenBatch batch(std::int64_t index) {
    if (fine_tuning_ != nullptr)
      return draw_solutions(run_.tokenizer(), solutions_, fine_tuning_->rows, rng_);
    environment::Corpus rows(run_.environment(), run_.config().corpus,
                             run_.seed("proposer.corpus", static_cast<std::uint64_t>(index)));
    return learning::corpus_batch(rows, run_.tokenizer(), corpus_.rows, corpus_.length);
  }

 private:
  const Run& run_;
  Rng rng_;
  PretrainStageConfig corpus_;
  const FineTuneConfig* fine_tuning_ = nullptr;
  std::vector<std::string> solutions_;
};

}  // namespace

ProposedProblems::ProposedProblems(const Run& run, Options options)
    : run_(run),
      options_(std::move(options)),
      proposer_(run.environment(), proposer_options(run, options_)) {
  (void)run.group_id(options_.label, 0);  // in the same place of the order in every session
}

Result<ProblemSource::Proposal> ProposedProblems::propose(Run& run, const PolicyRef& policy,
                                                          std::int64_t round) {
  const auto problems = options_.reinforce.problems;
  EnginePolicy writer(run.engine(), policy);
  auto made = proposer_.propose(
      writer, std::llround(options_.proposer.share * static_cast<double>(problems)), round);
  if (!writer.status()) return tl::unexpected(writer.status().error());
  const std::span written(&made.written, 1);
  const auto first = static_cast<std::uint64_t>(round);
  write_origin(run.origin({.policy = policy}, options_.label, first), written);
  if (auto kept = run.keep(persistence::pack(written), options_.label, first); !kept)
    return tl::unexpected(kept.error());
  Proposal proposal{.problems = std::move(made.problems),
                    .tokens = made.tokens,
                    .figures = {{"valid", made.valid}, {"fresh", made.fresh}}};
  proposal.proposed = proposal.problems.size();
  const auto missing = problems - static_cast<std::int64_t>(proposal.problems.size());
  for (auto& more : run.training_problems(fmt::format("{}.{}", options_.label, round), missing))
    proposal.problems.push_back(std::move(more));
  return proposal;
}

Result<std::map<std::string, double>> ProposedProblems::learn(learning::PolicyLearner& policy,
                                                              const Proposal& proposal,
                                                              std::span<const RatedProblem> rated,
                                                              double rate_factor) {
  std::vector<RatedProblem> attempted;
  double worth = 0, others = 0;  // sums of learnability
  for (std::size_t g = 0; g < rated.size(); ++g) {
    if (rated[g].problem.empty()) continue;
    attempted.push_back(rated[g]);
    (g < proposal.proposed ? worth : others) += learning::learnability(rated[g].pass_rate);
  }
  const auto batches = proposer_.imitation_batches(attempted);
  policy.swap_optimizer();
  for (const auto& problems : batches) {
    const auto batch = batch_of_problems(run_.tokenizer(), problems);
    if (auto done =
            update(run_, policy, batch, {options_.label, options_.proposer.optimizer, rate_factor});
        !done)
      return tl::unexpected(done.error());
  }
  policy.swap_optimizer();
  std::map<std::string, double> figures;
  if (proposal.proposed > 0)
    figures["learnability"] = worth / static_cast<double>(proposal.proposed);
  if (proposal.proposed < rated.size())
    figures["uniform_learnability"] =
        others / static_cast<double>(rated.size() - proposal.proposed);
  return figures;
}

Status train_proposer(Run& run, learning::PolicyLearner& policy, const std::string& start,
                      const ProposerConfig& config) {
  EarlierData earlier(run, start);
  const auto optimizer = FineTuneConfig().optimizer;
  for (std::int64_t i = 0; i < config.steps; ++i) {
    const double rate = learning::schedule(optimizer, i, config.steps);
    const auto problems = run.training_problems(fmt::format("proposer.{}", i), earlier.rows());
    for (const auto& batch : {batch_of_problems(run.tokenizer(), problems), earlier.batch(i)})
      if (auto done = update(run, policy, batch, {"proposer", optimizer, rate}); !done) return done;
    if (auto on = run.host().show({"proposer", i + 1, config.steps, {}}); !on) return on;
  }
  policy.reset_optimizer();
  return {};
}

}  // namespace qstar::experiment

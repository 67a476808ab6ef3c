// A proposer's problems mixed with uniformly drawn ones, for a reinforcement learning run. Proposer
// and solver are the same network, the policy that the run trains.
#pragma once

#include <string>
#include <vector>

#include "experiment/text/proposer.hpp"
#include "experiment/text/problem_source.hpp"
#include "experiment/text/stage_configs.hpp"

namespace qstar::experiment {

class ProposedProblems final : public ProblemSource {
 public:
  struct Options {
    std::string label;        // names random streams and groups in the store
    ProposerConfig proposer;  // a share of the round's problems are proposed
    ReinforceConfig reinforce;
  };
  // The other problems are drawn uniformly, as are replacements of proposals that are invalid or
  // not new. Proposals are kept in the store.
  ProposedProblems(const Run& run, Options options);

  Result<Proposal> propose(Run& run, const PolicyRef& policy, std::int64_t round) override;
  Result<std::map<std::string, double>> learn(learning::PolicyLearner& policy,
                                              const Proposal& proposal,
                                              std::span<const RatedProblem> rated,
                                              double rate_factor) override;
  std::string save() const override { return proposer_.save(); }
  Status load(std::string_view bytes) override { return proposer_.load(bytes); }

 private:
  const Run& run_;
  Options options_;
  Proposer proposer_;
};

// Trains a policy to write problems: next-token prediction on ";=problem;". Alternates with batches
// of what the stage of that name (`start`) trained it on, so that it forgets nothing: right
// solutions after fine-tuning, else the corpus.
Status train_proposer(Run& run, learning::PolicyLearner& policy, const std::string& start,
                      const ProposerConfig& config);

}  // namespace qstar::experiment

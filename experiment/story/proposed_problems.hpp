// A proposer's problems mixed with uniformly drawn ones, for a reinforcement learning run. Proposer
// and solver are the same network, the policy that the run trains.
#pragma once

#include <string>
#include <vector>

#include "experiment/story/proposer.hpp"
#include "experiment/story/reinforce.hpp"

namespace qstar::experiment {

class ProposedProblems final : public ProblemSource {
 public:
  // `share` in [0, 1] of the round's problems are proposed, the others are drawn uniformly, as are
  // replacements of proposals that are invalid or not new. Proposals are kept in the store.
  ProposedProblems(const Story& story, std::string label, double share);

  Result<Proposal> propose(Story& story, const PolicyRef& policy, std::int64_t round) override;
  Result<std::map<std::string, double>> learn(learning::PolicyLearner& policy,
                                              const Proposal& proposal,
                                              const std::vector<AttemptGroup>& groups,
                                              double rate_factor) override;
  std::string save() const override { return proposer_.save(); }
  Status load(std::string_view bytes) override { return proposer_.load(bytes); }

 private:
  const Story& story_;
  std::string label_;
  double share_;
  Proposer proposer_;
};

// Trains a policy to write problems: next-token prediction on ";=problem;". Alternates with batches
// of the data on which the model of that name ("base" or "sft") was trained, so that it forgets
// nothing.
Status train_proposer(Story& story, learning::PolicyLearner& policy, const std::string& start);

}  // namespace qstar::experiment

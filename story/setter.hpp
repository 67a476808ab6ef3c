// The setter of self-play: the policy itself, asked with an empty problem (";=") to write one.
//
// What it writes is an attempt like any other, of one step. The environment referees: what it does
// not admit, what is held out and what was proposed before is worth nothing; the rest is worth what
// the solver can learn from it, 4p(1 − p) of its pass rate p (learning/advantages.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "story/reinforce.hpp"

namespace qstar {

// What the empty problem is: no problem of an environment is.
inline constexpr std::string_view kNoProblem = "";

class Setter final : public ProblemSource {
 public:
  Setter(const Story& story, std::string label);

  // setter_share of the round's problems are proposed, the others drawn uniformly; so are those in
  // place of proposals that are worth nothing. Groups of proposals are kept in the store.
  Result<Proposal> propose(Story& story, Policy& policy, std::int64_t round) override;
  // One step of policy gradients on the proposals.
  void learn(PolicyLearner& policy, const std::vector<AttemptGroup>& groups,
             double rate_factor) override;
  std::string save() const override;
  Status load(std::string_view bytes) override;

 private:
  // What the referee says of a proposal.
  bool is_new_problem(const std::string& problem) const;

  const Story& story_;
  SelfPlayConfig config_;
  std::string label_;
  std::unordered_set<std::string> seen_;  // all proposals so far
  AttemptGroup proposals_;                // of this round
  std::vector<std::size_t> admitted_;     // proposal of each of the round's first problems
};

// Teaches a policy what problems look like: next-token prediction on ";=problem;" beside the corpus
// that it was pre-trained on, so that it forgets nothing.
Status teach_setter(Story& story, PolicyLearner& policy);

}  // namespace qstar

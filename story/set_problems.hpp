// A setter's problems beside uniform ones, for a run of reinforcement learning; setter and solver
// are the policy that the run trains.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "story/reinforce.hpp"
#include "story/setter.hpp"

namespace qstar {

class SetProblems final : public ProblemSource {
 public:
  // `share` in [0, 1] of the round's problems are proposed, the others drawn uniformly; so are
  // those in place of proposals that are worth nothing. Groups of proposals are kept in the store.
  SetProblems(const Story& story, std::string label, double share);

  Result<Proposal> propose(Story& story, const ModelFile& policy, std::int64_t round) override;
  Result<std::map<std::string, double>> learn(PolicyLearner& policy,
                                              const std::vector<AttemptGroup>& groups,
                                              double rate_factor) override;
  std::string save() const override { return setter_->save(); }
  Status load(std::string_view bytes) override { return setter_->load(bytes); }

 private:
  const Story& story_;
  std::string label_;
  double share_;
  std::unique_ptr<Setter> setter_;
  std::size_t proposed_ = 0;  // of this round's problems: the first ones
};

// Teaches a policy what problems look like: next-token prediction on ";=problem;", beside what the
// model of that name ("base" or "sft") was taught last, so that it forgets nothing.
Status teach_setter(Story& story, PolicyLearner& policy, const std::string& start);

}  // namespace qstar

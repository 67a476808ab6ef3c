// Where the problems of a reinforcement learning run come from, round by round.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/run.hpp"
#include "learning/policy/policy_learner.hpp"

namespace qstar::experiment {

// A problem and the share of attempts at it that won.
struct RatedProblem {
  std::string problem;  // empty: there were no attempts
  double pass_rate = 0;
};
std::vector<RatedProblem> rated_problems(std::span<const AttemptGroup> groups);

class ProblemSource {
 public:
  virtual ~ProblemSource() = default;
  struct Proposal {
    std::vector<std::string> problems;
    std::size_t proposed = 0;  // number of problems at the front that a proposer wrote
    std::int64_t tokens = 0;   // generated to propose them
    std::map<std::string, double> figures;
  };
  // May be called for several rounds before learn() is called for the first of them.
  virtual Result<Proposal> propose(Run& run, const PolicyRef& policy, std::int64_t round) = 0;
  // Takes how the attempts at the proposed problems went, in the same order, after the policy has
  // learned from them, and may update the policy. Returns figures of the round.
  virtual Result<std::map<std::string, double>> learn(learning::PolicyLearner& policy,
                                                      const Proposal& proposal,
                                                      std::span<const RatedProblem> rated,
                                                      double rate_factor) = 0;
  // All state on which later rounds depend.
  virtual std::string save() const = 0;
  virtual Status load(std::string_view bytes) = 0;
};

}  // namespace qstar::experiment

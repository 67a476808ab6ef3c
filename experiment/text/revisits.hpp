// New problems mixed with earlier ones that were not always solved: prioritised level replay
// (Jiang, Grefenstette, Rocktäschel 2021, arXiv 2010.03934).
//
// Departs from the paper in the score, which is 1 − the pass rate of the last attempts instead of a
// value error, and in drawing in proportion to the score instead of its rank.
#pragma once

#include <string>
#include <vector>

#include "experiment/text/problem_source.hpp"

namespace qstar::experiment {

class RevisitedProblems final : public ProblemSource {
 public:
  static constexpr std::size_t kMost = 4096;  // remembered; beyond that the oldest are dropped

  // Of `problems` per round, up to the share `share` in [0, 1] are revisited.
  RevisitedProblems(std::int64_t problems, double share, std::string stream)
      : problems_(problems), share_(share), stream_(std::move(stream)) {}

  // New problems, drawn uniformly, come first; revisited ones are distinct.
  Result<Proposal> propose(Run& run, const PolicyRef& policy, std::int64_t round) override;
  Result<std::map<std::string, double>> learn(learning::PolicyLearner& policy,
                                              const Proposal& proposal,
                                              std::span<const RatedProblem> rated,
                                              double rate_factor) override;
  std::string save() const override;
  Status load(std::string_view bytes) override;

 private:
  struct Unsolved {
    std::string problem;
    double pass_rate = 0;  // below 1
  };
  std::int64_t problems_;
  double share_;
  std::string stream_;
  std::vector<Unsolved> unsolved_;  // the oldest first
};

}  // namespace qstar::experiment

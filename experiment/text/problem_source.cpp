#include "experiment/text/problem_source.hpp"

namespace qstar::experiment {

std::vector<RatedProblem> rated_problems(std::span<const AttemptGroup> groups) {
  std::vector<RatedProblem> rated;
  for (const auto& group : groups)
    rated.push_back(group.attempts.empty()
                        ? RatedProblem()
                        : RatedProblem{group.attempts.front().problem, group.pass_rate()});
  return rated;
}

}  // namespace qstar::experiment

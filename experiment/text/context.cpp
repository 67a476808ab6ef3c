#include "experiment/text/context.hpp"

#include "data/attempt.hpp"

namespace qstar::experiment {

std::string prompt_after(std::span<const Trajectory> earlier, std::string_view problem) {
  std::string text;
  for (const auto& attempt : earlier) {
    text += text_of(attempt);
    text.pop_back();  // one separator closes a solution and opens the next problem
  }
  return text + prompt_of(problem, {});
}

std::vector<Trajectory> earlier_work(std::span<const AttemptGroup> groups, bool won) {
  std::vector<Trajectory> work;
  for (const auto& group : groups) {
    for (const auto& attempt : group.attempts) {
      if (attempt.outcome != (won ? Outcome::kWon : Outcome::kLost)) continue;
      work.push_back(attempt);
      break;
    }
  }
  return work;
}

std::vector<Trajectory> pruned(std::span<const Trajectory> earlier, const Verifier& verifier) {
  std::vector<Trajectory> left;
  for (const auto& attempt : earlier)
    if (verifier(attempt)) left.push_back(attempt);
  return left;
}

}  // namespace qstar::experiment

#include "search/evaluate.hpp"

#include <unordered_set>

#include "core/attempt.hpp"

namespace qstar {

std::vector<std::string> held_out_problems(const Environment& environment, std::int64_t n,
                                           std::uint64_t seed) {
  Rng rng(derive_seed(seed, "held-out"));
  std::unordered_set<std::string> seen;
  std::vector<std::string> problems;
  for (std::int64_t tries = 0; tries < 100 * n && static_cast<std::int64_t>(problems.size()) < n;
       ++tries) {
    auto problem = environment.sample_problem(rng, Split::kHeldOut);
    if (seen.insert(problem).second) problems.push_back(std::move(problem));
  }
  return problems;
}

Evaluation evaluate(const Search& search, const Environment& environment, Policy& policy,
                    std::span<const std::string> problems, const SearchOptions& options) {
  const double cpu = thread_cpu_seconds();
  Evaluation figures;
  figures.groups = search.attempt(environment, policy, problems, options);
  std::uint64_t wins = 0, attempts = 0;
  std::size_t tokens = 0;
  for (const auto& group : figures.groups) {
    for (const auto& attempt : group.attempts) {
      ++attempts;
      wins += attempt.win() ? 1 : 0;
      tokens += tokens_of(attempt);
    }
  }
  figures.n = static_cast<std::int64_t>(attempts);
  figures.ci95 = wilson95(wins, attempts);
  if (attempts > 0) {
    figures.accuracy = static_cast<double>(wins) / static_cast<double>(attempts);
    figures.tokens_per_problem = static_cast<double>(tokens) / static_cast<double>(problems.size());
  }
  figures.cpu_seconds = thread_cpu_seconds() - cpu;
  return figures;
}

}  // namespace qstar

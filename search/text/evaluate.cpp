#include "search/text/evaluate.hpp"

#include <unordered_set>

namespace qstar::search {

std::vector<std::string> held_out_problems(const environment::Environment& environment,
                                           std::int64_t n, std::uint64_t seed, const Stop& stop) {
  Rng rng(derive_seed(seed, "held-out"));
  std::unordered_set<std::string> seen;
  std::vector<std::string> problems;
  // After this many draws without a new problem, the environment has hardly any more.
  const auto patience = [&problems] { return 1000 + 50 * problems.size(); };
  for (std::size_t in_vain = 0;
       static_cast<std::int64_t>(problems.size()) < n && in_vain < patience() && !stop();) {
    auto problem = environment.sample_problem(rng, environment::Split::kHeldOut);
    const bool fresh = seen.insert(problem).second;
    if (fresh) problems.push_back(std::move(problem));
    in_vain = fresh ? 0 : in_vain + 1;
  }
  return problems;
}

Evaluation evaluation_of(std::vector<SearchResult> results) {
  Evaluation figures;
  figures.results = std::move(results);
  figures.stopped =
      std::erase_if(figures.results, [](const auto& result) { return !result.complete; }) > 0;
  std::uint64_t wins = 0, answers = 0, tokens = 0, queries = 0;
  for (const auto& result : figures.results) {
    answers += result.answers.size();
    for (const auto a : result.answers) wins += result.group.attempts[a].win() ? 1 : 0;
    tokens += result.tokens;
    queries += result.guide_queries;
  }
  figures.n = static_cast<std::int64_t>(answers);
  figures.ci95 = wilson95(wins, answers);
  if (answers > 0) {
    const auto n = static_cast<double>(figures.results.size());
    figures.accuracy = static_cast<double>(wins) / static_cast<double>(answers);
    figures.tokens_per_problem = static_cast<double>(tokens) / n;
    figures.guide_queries_per_problem = static_cast<double>(queries) / n;
  }
  return figures;
}

Result<Evaluation> evaluate(const Search& search, const environment::Environment& environment,
                            const SearchModels& models, std::span<const std::string> problems,
                            const SearchOptions& options) {
  const double cpu = thread_cpu_seconds();
  auto results = search.attempt(environment, models, problems, options);
  if (!results) return tl::unexpected(results.error());
  auto figures = evaluation_of(std::move(*results));
  figures.cpu_seconds = thread_cpu_seconds() - cpu;
  return figures;
}

}  // namespace qstar::search

// How good a policy is: the share of problems that a search with it answers correctly.
#pragma once

#include "core/metrics.hpp"
#include "core/stop.hpp"
#include "search/text/search.hpp"

namespace qstar::search {

// Distinct held-out problems, the same for the same seed, the first n of any larger number; fewer
// when the environment has no more, or once `stop` gives true.
std::vector<std::string> held_out_problems(const environment::Environment& environment,
                                           std::int64_t n, std::uint64_t seed = 0,
                                           const Stop& stop = {});

struct Evaluation {
  std::int64_t n = 0;             // answers
  double accuracy = 0;            // share of them that is right
  Interval ci95;                  // of the accuracy
  double tokens_per_problem = 0;  // generated, each once
  double guide_queries_per_problem = 0;
  double cpu_seconds = 0;  // of the calling thread
  bool stopped = false;    // SearchModels::stop ended it early: the figures are of `results` alone
  std::vector<SearchResult> results;  // complete ones
};
// The figures of finished searches, without CPU seconds.
Evaluation evaluation_of(std::vector<SearchResult> results);
// kUsage: see Search::check.
Result<Evaluation> evaluate(const Search& search, const environment::Environment& environment,
                            const SearchModels& models, std::span<const std::string> problems,
                            const SearchOptions& options);

}  // namespace qstar::search

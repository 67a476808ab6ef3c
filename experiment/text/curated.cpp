#include "experiment/text/curated.hpp"

#include <unordered_set>

#include "data/attempt.hpp"

namespace qstar::experiment {

std::vector<std::string> curated_solutions(const Run& run, std::int64_t n) {
  const auto& environment = run.environment();
  Rng rng(run.seed("curated"));
  std::unordered_set<std::string> seen;
  std::vector<std::string> texts;
  for (std::int64_t tries = 0; tries < 100 * n && static_cast<std::int64_t>(texts.size()) < n;
       ++tries) {
    const auto problem = environment.sample_problem(rng, environment::Split::kTraining);
    const auto steps = environment.reset(problem).and_then(
        [&](const environment::State& state) { return environment.solve(state); });
    if (!steps || !seen.insert(problem).second) continue;
    auto text = prompt_of(problem, *steps);
    text.back() = kEndSeparator;
    texts.push_back(std::move(text));
  }
  return texts;
}

learning::TokenBatch draw_solutions(const model::Tokenizer& tokenizer,
                                    const std::vector<std::string>& solutions, std::int64_t rows,
                                    Rng& rng) {
  std::vector<std::string> drawn;
  for (std::int64_t r = 0; r < rows; ++r) drawn.push_back(solutions[rng.below(solutions.size())]);
  return learning::batch_of_solutions(tokenizer, drawn, std::vector<float>(drawn.size(), 1.0F));
}

}  // namespace qstar::experiment

#include "experiment/puzzle/example_batch.hpp"

#include <algorithm>
#include <cmath>

namespace qstar::experiment {

Status check(const ExampleBatch& batch, const environment::Puzzle& puzzle, std::size_t taught) {
  const learning::PuzzleExamples& e = batch.examples;
  const std::size_t n = e.size();
  const bool with_targets = !batch.targets.empty();
  const std::size_t bounds = with_targets ? 0 : n;
  const bool fits = e.states.size() == n * puzzle.state_bytes() &&
                    e.state_bounds.size() == bounds && e.move_bounds.size() == bounds &&
                    (!with_targets || batch.targets.size() == n * taught);
  if (!fits) return fail(Errc::kCorrupt, "a node made training examples of inconsistent sizes");
  const bool known = std::all_of(e.moves.begin(), e.moves.end(),
                                 [&](environment::Move move) { return move < puzzle.moves(); });
  // With several outputs, those of illegal moves have no target.
  const bool finite =
      std::all_of(batch.targets.begin(), batch.targets.end(), [taught](float target) {
        return std::isfinite(target) || (taught > 1 && std::isnan(target));
      });
  if (known && finite) return {};
  return fail(Errc::kCorrupt, "a node made training examples with invalid moves or targets");
}

}  // namespace qstar::experiment

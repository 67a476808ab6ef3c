#include "actors/example_batch.hpp"

#include <algorithm>
#include <cmath>

#include "persistence/bytes.hpp"

namespace qstar {
namespace {

template <class T>
void append(std::string& out, const std::vector<T>& values) {
  append_raw(out, static_cast<std::uint64_t>(values.size() * sizeof(T)));
  append_values(out, std::span<const T>(values));
}

template <class T>
bool take(std::string_view& in, std::vector<T>& values) {
  std::string_view block;
  if (!take_block(in, block) || block.size() % sizeof(T) != 0) return false;
  values.resize(block.size() / sizeof(T));
  return take_values(block, std::span<T>(values));
}

bool take(std::string_view& in, ExampleBatch& batch) {
  auto& e = batch.examples;
  return take_raw(in, batch.index) && take_raw(in, batch.target_version) && take(in, e.states) &&
         take(in, e.moves) && take(in, e.state_bounds) && take(in, e.move_bounds) &&
         take(in, batch.targets);
}

}  // namespace

std::string pack(const std::vector<ExampleBatch>& batches) {
  std::string out;
  for (const ExampleBatch& batch : batches) {
    append_raw(out, batch.index);
    append_raw(out, batch.target_version);
    append(out, batch.examples.states);
    append(out, batch.examples.moves);
    append(out, batch.examples.state_bounds);
    append(out, batch.examples.move_bounds);
    append(out, batch.targets);
  }
  return out;
}

Result<std::vector<ExampleBatch>> unpack_batches(std::string_view bytes) {
  std::vector<ExampleBatch> batches;
  while (!bytes.empty()) {
    if (!take(bytes, batches.emplace_back()))
      return fail(
          Errc::kCorrupt,
          "a worker sent training examples that cannot be decoded; check that all processes run "
          "the same version");
  }
  return batches;
}

Status check(const ExampleBatch& batch, const Puzzle& puzzle, std::size_t taught) {
  const PuzzleExamples& e = batch.examples;
  const std::size_t n = e.size();
  const bool with_targets = !batch.targets.empty();
  const std::size_t bounds = with_targets ? 0 : n;
  const bool fits = e.states.size() == n * puzzle.state_bytes() &&
                    e.state_bounds.size() == bounds && e.move_bounds.size() == bounds &&
                    (!with_targets || batch.targets.size() == n * taught);
  if (!fits) return fail(Errc::kCorrupt, "a worker sent training examples of inconsistent sizes");
  const bool known =
      std::all_of(e.moves.begin(), e.moves.end(), [&](Move move) { return move < puzzle.moves(); });
  // With several outputs, those of illegal moves have no target.
  const bool finite =
      std::all_of(batch.targets.begin(), batch.targets.end(), [taught](float target) {
        return std::isfinite(target) || (taught > 1 && std::isnan(target));
      });
  if (known && finite) return {};
  return fail(Errc::kCorrupt, "a worker sent training examples with invalid moves or targets");
}

}  // namespace qstar

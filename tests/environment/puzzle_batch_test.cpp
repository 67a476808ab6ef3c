// What every puzzle must do with batches.
#include "environment/puzzle/puzzle.hpp"

#include "tests/support/environment_config.hpp"
#include "tests/support/puzzle_walk.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace environment;
namespace {

using namespace testing;

constexpr std::size_t kBatch = 50;

struct Batch {
  std::vector<std::uint8_t> states;
  std::vector<Move> moves;
};

Batch batch_of(const Puzzle& puzzle, Rng& rng) {
  Batch batch;
  for (std::size_t i = 0; i < kBatch; ++i) {
    const auto state = puzzle.scrambled(i, rng);
    batch.states.insert(batch.states.end(), state.begin(), state.end());
    batch.moves.push_back(static_cast<Move>(rng.below(puzzle.moves())));
  }
  return batch;
}

Position row(std::span<const std::uint8_t> rows, std::size_t i) {
  const auto part = rows.subspan(i * rows.size() / kBatch, rows.size() / kBatch);
  return {part.begin(), part.end()};
}

TEST_CASE("puzzles: a macro-action is its first move and then the rest") {
  const auto turns = GENERATE(1, 2, 3);
  const bool repeats = GENERATE(false, true);
  const std::string name = GENERATE("cube3", "lights_out");
  EnvironmentConfig config = environment_config(name);
  config.turns = turns;
  config.repeats = repeats && turns > 1 && name == "cube3";
  const auto puzzle = *make_puzzle(config);
  Rng rng(3);
  const auto state = puzzle->scrambled(20, rng);
  std::size_t composed = 0;
  for (std::size_t m = 0; m < puzzle->moves(); ++m) {
    const auto move = static_cast<Move>(m);
    const auto parts = puzzle->parts(move);
    REQUIRE(parts.has_value() == (puzzle->cost(move) > 1));
    if (!parts) continue;
    ++composed;
    REQUIRE_FALSE(puzzle->parts(parts->first));
    REQUIRE(puzzle->cost(parts->first) + puzzle->cost(parts->rest) == puzzle->cost(move));
    REQUIRE(after(*puzzle, after(*puzzle, state, parts->first), parts->rest) ==
            after(*puzzle, state, move));
  }
  REQUIRE((composed > 0) == (turns > 1));
}

TEST_CASE("puzzles: a batch does what its positions do one by one, in place, too") {
  for (const auto& name : puzzle_names()) {
    INFO(name);
    const auto puzzle = *make_puzzle(environment_config(name));
    Rng rng(11);
    const Batch batch = batch_of(*puzzle, rng);
    std::vector<std::uint8_t> next(batch.states.size()), in_place = batch.states;
    std::vector<std::uint8_t> cells(kBatch * puzzle->cells()), legal(kBatch * puzzle->moves());
    puzzle->apply(batch.states, batch.moves, next);
    puzzle->apply(in_place, batch.moves, in_place);
    puzzle->encode(batch.states, cells);
    puzzle->legal(batch.states, legal);
    REQUIRE(next == in_place);
    for (std::size_t i = 0; i < kBatch; ++i) {
      const Position state = row(batch.states, i);
      Position one(puzzle->cells());
      puzzle->encode(state, one);
      REQUIRE(row(cells, i) == one);
      REQUIRE(row(next, i) == after(*puzzle, state, batch.moves[i]));
      const bool moved = row(next, i) != state;
      REQUIRE((row(legal, i)[batch.moves[i]] != 0) == moved);
      const auto back = puzzle->inverse(batch.moves[i]);
      REQUIRE(back.has_value() == (name != "countdown"));  // numbers do not come back
      if (moved && back) REQUIRE(after(*puzzle, row(next, i), *back) == state);
      for (const std::uint8_t cell : one) REQUIRE(cell < puzzle->symbols());
      REQUIRE(puzzle->parse(puzzle->text(state)) == state);
    }
    REQUIRE(puzzle->solved(row(batch.states, 0)));
  }
}

}  // namespace
}  // namespace qstar

#include "environment/registry.hpp"

#include <array>

#include "environment/arithmetic.hpp"
#include "environment/countdown.hpp"
#include "environment/countdown_text.hpp"
#include "environment/cube3.hpp"
#include "environment/lights_out.hpp"
#include "environment/pancake.hpp"
#include "environment/puzzle_environment.hpp"
#include "environment/sliding_tiles.hpp"

namespace qstar {
namespace {

// A puzzle's part of the registry. The smallest size is one whose positions fall into both splits.
struct PuzzleRow {
  std::string_view name;
  std::int64_t min_size, max_size;
  std::shared_ptr<const Puzzle> (*make)(const EnvironmentConfig&);
  std::size_t (*scramble)(std::size_t size);  // random moves to a problem
  std::vector<Move> (*solve)(const Puzzle&, std::span<const std::uint8_t>);  // null: no oracle
  // Instead of a PuzzleEnvironment with these two, for a puzzle that is also text.
  std::unique_ptr<Environment> (*environment)(std::size_t size) = nullptr;
};

template <class Sized>
std::shared_ptr<const Puzzle> sized(const EnvironmentConfig& config) {
  return std::make_shared<Sized>(static_cast<std::size_t>(config.size));
}
std::shared_ptr<const Puzzle> cube(const EnvironmentConfig& config) {
  return std::make_shared<Cube3>(static_cast<std::size_t>(config.turns), config.repeats);
}
std::shared_ptr<const Puzzle> lights_out(const EnvironmentConfig& config) {
  return std::make_shared<LightsOut>(static_cast<std::size_t>(config.size),
                                     static_cast<std::size_t>(config.turns), config.chase);
}
std::vector<Move> solve_lights(const Puzzle& puzzle, std::span<const std::uint8_t> state) {
  return static_cast<const LightsOut&>(puzzle).shortest_solution(state);
}
std::vector<Move> solve_pancake(const Puzzle&, std::span<const std::uint8_t> state) {
  return pancake_solution(state);
}
std::unique_ptr<Environment> countdown_text(std::size_t size) {
  return std::make_unique<CountdownText>(size);
}

// To add a puzzle, add its row.
constexpr std::array kPuzzles = {
    PuzzleRow{"lights_out", 3, LightsOut::kMaxSide, &lights_out,
              [](std::size_t n) { return n * n; }, &solve_lights},
    PuzzleRow{"sliding_tiles", 3, SlidingTiles::kMaxSide, &sized<SlidingTiles>,
              [](std::size_t n) { return 10 * n * n; }, nullptr},
    PuzzleRow{"cube3", 3, 3, &cube, [](std::size_t) { return std::size_t{50}; }, nullptr},
    PuzzleRow{"pancake", 5, Pancake::kMaxPancakes, &sized<Pancake>,
              [](std::size_t n) { return 2 * n; }, &solve_pancake},
    PuzzleRow{"countdown", 3, Countdown::kMaxNumbers, &sized<Countdown>, nullptr, nullptr,
              &countdown_text},
};

const PuzzleRow* puzzle_row(std::string_view name) {
  for (const PuzzleRow& row : kPuzzles) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

struct Row {
  std::string_view name;
  Result<std::unique_ptr<Environment>> (*make)(const EnvironmentConfig&);
};

// To add an environment that is no puzzle, add its row.
constexpr std::array kRows = {
    Row{"arithmetic", &Arithmetic::make},
};

tl::unexpected<Error> unknown(const std::string& name, std::span<const std::string> known) {
  std::string list;
  for (const auto& one : known) list += (list.empty() ? "" : ", ") + one;
  return fail(Errc::kConfig,
              "environment.name: \"" + name + "\" is unknown; choose one of " + list);
}

Result<std::unique_ptr<Environment>> puzzle_environment(const PuzzleRow& row,
                                                        const EnvironmentConfig& config) {
  auto puzzle = make_puzzle(config);
  if (!puzzle) return tl::unexpected(std::move(puzzle.error()));
  const auto size = static_cast<std::size_t>(config.size);
  if (row.environment != nullptr) return row.environment(size);
  PuzzleOracle oracle;
  if (row.solve != nullptr) {
    oracle = [solve = row.solve, puzzle = *puzzle](std::span<const std::uint8_t> state) {
      return solve(*puzzle, state);
    };
  }
  return std::make_unique<PuzzleEnvironment>(*puzzle, row.scramble(size), std::move(oracle));
}

}  // namespace

void EnvironmentConfig::describe(FieldVisitor& v) {
  v.value({"name", "which environment", 0, 0,
           "arithmetic|lights_out|sliding_tiles|cube3|pancake|countdown"},
          name);
  v.value({"family", "preset of the arithmetic settings below, or custom to use them as they are",
           0, 0, "C|B|hard|custom"},
          family);
  v.value({"operators", "some of + - * /, drawn uniformly; repeat one to favour it"}, operators);
  v.value({"min_operand", "smallest operand", 0, 1e9}, min_operand);
  v.value({"max_operand", "largest operand", 0, 1e9}, max_operand);
  v.value({"operator_counts", "operators in a problem: one of this list, drawn uniformly"},
          operator_counts);
  v.value({"max_products", "* and / in a problem, at most", 0, 64}, max_products);
  v.value({"min_value", "smallest correct intermediate value", -1e15, 1e15}, min_value);
  v.value({"max_value", "largest correct intermediate value", -1e15, 1e15}, max_value);
  v.value({"parentheses", "probability that a problem has a pair of parentheses", 0, 1},
          parentheses);
  v.value({"long_work", "arithmetic, any family: work products and differences out digit by digit"},
          long_work);
  v.value({"size", "puzzles: side length in cells; pancake, countdown: how many", 3, 64}, size);
  v.value({"turns", "cube3: quarter turns a move at most; lights_out: presses", 1, 3}, turns);
  v.value({"repeats", "cube3: keep moves of several turns that do the same"}, repeats);
  v.value({"chase", "lights_out: the network also sees what chasing the lights leaves"}, chase);
}

Result<std::shared_ptr<const Puzzle>> make_puzzle(const EnvironmentConfig& config) {
  const PuzzleRow* row = puzzle_row(config.name);
  if (row == nullptr) return unknown(config.name, puzzle_names());
  if (config.size < row->min_size || config.size > row->max_size) {
    return fail(Errc::kConfig, "environment.size: " + config.name + " needs a size from " +
                                   std::to_string(row->min_size) + " to " +
                                   std::to_string(row->max_size) + ", not " +
                                   std::to_string(config.size));
  }
  if (config.turns < 1 || config.turns > static_cast<std::int64_t>(Cube3::kMaxDepth)) {
    return fail(Errc::kConfig,
                "environment.turns: a move is 1 to 3 quarter turns or presses, not " +
                    std::to_string(config.turns));
  }
  auto puzzle = row->make(config);
  if (puzzle->moves() >= kNoMove) {
    return fail(Errc::kConfig, "environment.turns: " + std::to_string(config.turns) +
                                   " of them make " + std::to_string(puzzle->moves()) +
                                   " moves of " + config.name + " of this size; at most " +
                                   std::to_string(kNoMove - 1) +
                                   " are possible: lower it, or environment.size");
  }
  return puzzle;
}

Result<std::unique_ptr<Environment>> make_environment(const EnvironmentConfig& config) {
  for (const Row& row : kRows) {
    if (row.name == config.name) return row.make(config);
  }
  if (const PuzzleRow* row = puzzle_row(config.name)) return puzzle_environment(*row, config);
  return unknown(config.name, environment_names());
}

std::vector<std::string> puzzle_names() {
  std::vector<std::string> names;
  for (const PuzzleRow& row : kPuzzles) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  for (const PuzzleRow& row : kPuzzles) names.emplace_back(row.name);
  return names;
}

}  // namespace qstar

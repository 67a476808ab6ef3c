#include "environment/registry.hpp"

#include <algorithm>
#include <array>

#include "core/printable.hpp"
#include "environment/puzzle/countdown.hpp"
#include "environment/puzzle/cube3.hpp"
#include "environment/puzzle/lights_out.hpp"
#include "environment/puzzle/pancake.hpp"
#include "environment/puzzle/sliding_tiles.hpp"
#include "environment/text/arithmetic.hpp"
#include "environment/text/countdown_text.hpp"

namespace qstar::environment {
namespace {

// A puzzle's part of the registry. The smallest size is one whose positions fall into both splits.
struct PuzzleRow {
  std::string_view name;
  std::span<const std::string_view> settings;  // that it reads, beside the name
  std::int64_t min_size, max_size;
  std::shared_ptr<const Puzzle> (*make)(const EnvironmentConfig&);
  std::unique_ptr<Environment> (*text)(std::size_t size) = nullptr;  // of one that is also text
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
std::unique_ptr<Environment> countdown_text(std::size_t size) {
  return std::make_unique<CountdownText>(size);
}

constexpr std::array<std::string_view, 1> kSized = {"size"};
constexpr std::array<std::string_view, 3> kLights = {"size", "turns", "chase"};
constexpr std::array<std::string_view, 3> kCube = {"size", "turns", "repeats"};

// To add a puzzle, add its row.
constexpr std::array kPuzzles = {
    PuzzleRow{"lights_out", kLights, 3, LightsOut::kMaxSide, &lights_out},
    PuzzleRow{"sliding_tiles", kSized, 3, SlidingTiles::kMaxSide, &sized<SlidingTiles>},
    PuzzleRow{"cube3", kCube, 3, 3, &cube},
    PuzzleRow{"pancake", kSized, 5, Pancake::kMaxPancakes, &sized<Pancake>},
    PuzzleRow{"countdown", kSized, 3, Countdown::kMaxNumbers, &sized<Countdown>, &countdown_text},
};

const PuzzleRow* puzzle_row(std::string_view name) {
  for (const PuzzleRow& row : kPuzzles) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

struct EnvironmentRow {
  std::string_view name;
  std::span<const std::string_view> settings;  // that it reads, beside the name
  Result<std::unique_ptr<Environment>> (*make)(const EnvironmentConfig&);
};

constexpr std::array<std::string_view, 10> kArithmetic = {
    "family",       "operators", "min_operand", "max_operand", "operator_counts",
    "max_products", "min_value", "max_value",   "parentheses", "long_work"};

// To add an environment that is no puzzle, add its row.
constexpr std::array kEnvironments = {
    EnvironmentRow{"arithmetic", kArithmetic, &Arithmetic::make},
};

tl::unexpected<Error> unknown(const std::string& name, std::span<const std::string> known) {
  std::string list;
  for (const auto& one : known) list += (list.empty() ? "" : ", ") + one;
  return fail(Errc::kConfig,
              "environment.name: \"" + printable(name) + "\" is unknown; choose one of " + list);
}

}  // namespace

bool environment_reads(std::string_view environment, std::string_view setting) {
  if (setting == "name") return true;
  const auto has = [&](std::span<const std::string_view> settings) {
    return std::find(settings.begin(), settings.end(), setting) != settings.end();
  };
  if (const PuzzleRow* row = puzzle_row(environment)) return has(row->settings);
  for (const EnvironmentRow& row : kEnvironments) {
    if (row.name == environment) return has(row.settings);
  }
  return false;
}

Result<std::shared_ptr<const Puzzle>> make_puzzle(const EnvironmentConfig& config) {
  const PuzzleRow* row = puzzle_row(config.name);
  if (row == nullptr) return unknown(config.name, puzzle_names());
  if (auto ok = check_settings(config); !ok) return tl::unexpected(std::move(ok.error()));
  if (config.size < row->min_size || config.size > row->max_size) {
    return fail(Errc::kConfig, "environment.size: " + config.name + " needs a size from " +
                                   std::to_string(row->min_size) + " to " +
                                   std::to_string(row->max_size) + ", not " +
                                   std::to_string(config.size));
  }
  if (config.turns < 1 || config.turns > static_cast<std::int64_t>(Cube3::kMaxDepth)) {
    return fail(Errc::kConfig,
                "environment.turns: a move has 1 to 3 quarter turns or presses, not " +
                    std::to_string(config.turns));
  }
  if (config.repeats && config.turns == 1) {
    return fail(Errc::kConfig,
                "environment.repeats has no effect with turns = 1: set turns to 2 or 3, or repeats "
                "to false");
  }
  auto puzzle = row->make(config);
  if (puzzle->moves() >= kNoMove) {
    return fail(Errc::kConfig, "environment.turns: " + std::to_string(config.turns) +
                                   " per move make " + std::to_string(puzzle->moves()) +
                                   " moves of " + config.name + " at this size, and at most " +
                                   std::to_string(kNoMove - 1) +
                                   " are possible: lower turns or environment.size");
  }
  return puzzle;
}

Result<std::unique_ptr<Environment>> make_environment(const EnvironmentConfig& config) {
  for (const EnvironmentRow& row : kEnvironments) {
    if (row.name != config.name) continue;
    if (auto ok = check_settings(config); !ok) return tl::unexpected(std::move(ok.error()));
    return row.make(config);
  }
  const PuzzleRow* row = puzzle_row(config.name);
  if (row == nullptr) return unknown(config.name, environment_names());
  if (row->text == nullptr)
    return fail(Errc::kConfig,
                "environment.name: " + config.name +
                    " is a puzzle, whose positions are no text: 'qstar train' learns "
                    "it, and 'qstar search' solves it");
  if (auto puzzle = make_puzzle(config); !puzzle) return tl::unexpected(std::move(puzzle.error()));
  return row->text(static_cast<std::size_t>(config.size));
}

std::vector<std::string> puzzle_names() {
  std::vector<std::string> names;
  for (const PuzzleRow& row : kPuzzles) names.emplace_back(row.name);
  return names;
}

bool is_text(std::string_view environment) {
  const PuzzleRow* row = puzzle_row(environment);
  return row == nullptr || row->text != nullptr;
}

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (const EnvironmentRow& row : kEnvironments) names.emplace_back(row.name);
  for (const PuzzleRow& row : kPuzzles) names.emplace_back(row.name);
  return names;
}

}  // namespace qstar::environment

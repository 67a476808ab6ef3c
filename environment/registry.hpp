// The environments by name: one row each in registry.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "environment/environment.hpp"
#include "environment/puzzle.hpp"

namespace qstar {

// The [environment] section of a configuration: which environment, and its settings. A preset
// ("C", "B", "hard") fills the arithmetic settings it names; "custom" takes the fields as they are.
struct EnvironmentConfig {
  std::string name = "arithmetic";
  std::string family = "C";       // preset (C, B, hard), or "custom"
  std::string operators = "+-*";  // of + - * /
  std::int64_t min_operand = 1;
  std::int64_t max_operand = 9;
  // Operator counts are drawn uniformly from this comma-separated list; "2,3,3" favours 3.
  std::string operator_counts = "2,3,3,4,4";
  std::int64_t max_products = 1;  // * and / at most
  std::int64_t min_value = 0;     // every correct intermediate value
  std::int64_t max_value = 40;
  double parentheses = 0;  // probability that a problem has a pair of them
  bool long_work = false;  // products and differences are worked out digit by digit
  std::int64_t size = 3;   // puzzles: side length; pancake, countdown: how many
  std::int64_t turns = 1;  // cube3, lights_out: a move is up to so many quarter turns, presses
  bool repeats = false;    // cube3: keep moves of several turns that do the same
  bool chase = false;      // lights_out: a network also sees what chasing the lights leaves
  void describe(FieldVisitor& v);
  friend bool operator==(const EnvironmentConfig&, const EnvironmentConfig&) = default;
};

// kConfig names the field and the remedy.
Result<std::unique_ptr<Environment>> make_environment(const EnvironmentConfig& config);
// The puzzle itself, for searches and learners; kConfig also for environments that are no puzzles.
Result<std::shared_ptr<const Puzzle>> make_puzzle(const EnvironmentConfig& config);
// Names of all environments, in the registry's order.
std::vector<std::string> environment_names();
// Names of those that are puzzles.
std::vector<std::string> puzzle_names();

}  // namespace qstar

// The environments by name: one row each in registry.cpp.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "environment/environment.hpp"
#include "environment/puzzle/puzzle.hpp"

namespace qstar::environment {

// The [environment] section of a configuration: which environment, and its settings.
//
// Reading a name fills all other settings with their defaults, reading a family fills the eight
// settings of describe_rules() with the preset's values; keys given beside them, or later, change
// single settings, and the family is "custom" then. So what is printed is what is used: a family
// other than "custom" means exactly the preset's values.
struct EnvironmentConfig {
  std::string name = "arithmetic";
  std::string family = "C";       // preset (C, B, hard), or "custom": the settings as they are
  std::string operators = "+-*";  // of + - * /
  std::int64_t min_operand = 1;
  std::int64_t max_operand = 9;
  // Operator counts are drawn uniformly from this list; {2, 3, 3} favours 3.
  std::vector<std::int64_t> operator_counts = {2, 3, 3, 4, 4};
  std::int64_t max_products = 1;  // * and / at most
  std::int64_t min_value = 0;     // every correct intermediate value
  std::int64_t max_value = 40;
  double parentheses = 0;  // probability that a problem has a pair of them
  bool long_work = false;  // products and differences are worked out digit by digit
  std::int64_t size = 3;   // puzzles: side length; pancake, countdown: how many
  std::int64_t turns = 1;  // cube3, lights_out: most quarter turns or presses per move
  bool repeats = false;    // cube3: keep macro-actions with the same effect as another one
  bool chase = false;      // lights_out: a network also sees what chasing the lights leaves
  // Not described: the text that was read gives a preset and, beside it, all eight of its settings
  // with other values. Earlier versions wrote that and used the preset; a person who edits a
  // printed configuration means the values. check_settings refuses it; a model file's metadata,
  // which nobody edits, are read as they were used (settle).
  bool contradictory = false;

  void describe(FieldVisitor& v);
  // What a model that was trained with these settings used: the preset's values where they
  // contradict it, and the defaults of settings that its environment does not have.
  void settle();
  // Fills the settings of the family; of "custom" nothing.
  void apply_preset();
  friend bool operator==(const EnvironmentConfig&, const EnvironmentConfig&) = default;

 private:
  void describe_family(FieldVisitor& v);
  void describe_rules(FieldVisitor& v);
  bool gives_all_rules(const FieldVisitor& v) const;
  bool follows_preset() const;
};

// The environment that a model was trained in, as its file's metadata say it (print_config of an
// EnvironmentConfig, also of earlier versions), settled. `config` has the values of what is not
// said; `source` names the file in errors. kConfig: the text is no such configuration.
Result<EnvironmentConfig> read_metadata(std::string_view toml, std::string_view source,
                                        EnvironmentConfig config = {});

// Whether a family has that name and fixed settings.
bool is_preset(std::string_view family);
// Whether the environment of that name has the setting. Each has a name.
bool environment_reads(std::string_view environment, std::string_view setting);
// kConfig names a setting that has a value but no effect on this environment, or contradicts the
// family.
Status check_settings(const EnvironmentConfig& config);
// Of overrides ("key=value") those that begin with `prefix`: kConfig for a setting that the
// environment does not have, whatever its value.
Status check_environment_overrides(const EnvironmentConfig& config,
                                   std::span<const std::string> overrides,
                                   std::string_view prefix = "");
// The overrides in an order in which each has an effect: the name first, then the family.
std::vector<std::string> environment_overrides(std::span<const std::string> overrides,
                                               std::string_view prefix = "");

// An environment of text. kConfig names the field and the remedy; also of puzzles that are no text.
Result<std::unique_ptr<Environment>> make_environment(const EnvironmentConfig& config);
// The puzzle itself, for searches and learners; kConfig also for environments that are no puzzles.
Result<std::shared_ptr<const Puzzle>> make_puzzle(const EnvironmentConfig& config);
// Names of all environments, in the registry's order.
std::vector<std::string> environment_names();
// Whether problems of the environment of that name are text.
bool is_text(std::string_view environment);
// Names of those that are puzzles.
std::vector<std::string> puzzle_names();

}  // namespace qstar::environment

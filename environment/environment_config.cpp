// The settings of the environments: their description, the presets, and which environment reads
// which.
#include <algorithm>
#include <array>

#include "core/printable.hpp"
#include "environment/registry.hpp"

namespace qstar::environment {
namespace {

// Values of the settings that describe_rules() visits.
struct Preset {
  std::string_view name;
  std::string_view operators;
  std::int64_t min_operand, max_operand;
  std::array<std::int64_t, 5> operator_counts;
  std::int64_t max_products, min_value, max_value;
  double parentheses;
};

constexpr std::array kPresets = {
    Preset{"C", "+-*", 1, 9, {2, 3, 3, 4, 4}, 1, 0, 40, 0},
    Preset{"B", "+-*", 1, 9, {2, 3, 3, 4, 4}, 2, 0, 99, 0},
    Preset{"hard", "+-*/", 1, 99, {2, 3, 4, 5, 6}, 2, 0, 999, 0.5},
};

const Preset* preset_of(std::string_view name) {
  const auto found = std::find_if(kPresets.begin(), kPresets.end(),
                                  [&](const Preset& preset) { return preset.name == name; });
  return found == kPresets.end() ? nullptr : &*found;
}

// Names and values, as TOML.
auto fields_of(EnvironmentConfig config) { return list_config(describe_of(config)).front().fields; }

std::string settings_text(std::string_view environment) {
  std::string text;
  for (const auto& setting : fields_of({})) {
    if (setting.name == "name" || !environment_reads(environment, setting.name)) continue;
    text += (text.empty() ? "" : ", ") + setting.name;
  }
  return text;
}

// Earlier versions wrote operator_counts as text: "2,3,3,4,4".
std::string with_list(std::string toml) {
  constexpr std::string_view kBefore = "\noperator_counts = \"";
  const auto at = toml.find(kBefore);
  if (at == std::string::npos) return toml;
  const auto open = at + kBefore.size() - 1, close = toml.find('"', open + 1);
  if (close == std::string::npos) return toml;
  toml[open] = '[';
  toml[close] = ']';
  return toml;
}

tl::unexpected<Error> not_read(const std::string& what, std::string_view environment) {
  return fail(Errc::kConfig, what + " has no effect on the environment " +
                                 std::string(environment) + "; its settings are " +
                                 settings_text(environment));
}

}  // namespace

void EnvironmentConfig::describe(FieldVisitor& v) {
  const std::string before = name;
  v.value({"name", "Environment that problems come from", 0, 0,
           "arithmetic|lights_out|sliding_tiles|cube3|pancake|countdown"},
          name);
  if (name != before) *this = EnvironmentConfig{.name = name};
  describe_family(v);
  v.value({"long_work", "Work out products and differences of arithmetic digit by digit"},
          long_work);
  v.value(
      {"size",
       "Cells per side of lights_out and sliding_tiles; pancakes of pancake; numbers per problem "
       "of countdown; always 3 for cube3",
       3, 64},
      size);
  v.value(
      {"turns", "Most quarter turns per move of cube3; most presses per move of lights_out", 1, 3},
      turns);
  v.value(
      {"repeats",
       "Keep macro-actions of cube3, with turns of 2 or 3, that have the effect of another one"},
      repeats);
  v.value({"chase", "Also show the network of lights_out what chasing the lights leaves"}, chase);
}

void EnvironmentConfig::describe_family(FieldVisitor& v) {
  if (!contradictory) apply_preset();
  v.value({"family",
           "Preset of the next eight settings, which are of arithmetic; custom once one of them "
           "differs",
           0, 0, "C|B|hard|custom"},
          family);
  if (v.gives("family")) {
    contradictory = false;
    apply_preset();
  }
  describe_rules(v);
  if (contradictory || follows_preset()) return;
  if (gives_all_rules(v))
    contradictory = true;
  else
    family = "custom";
}

bool EnvironmentConfig::gives_all_rules(const FieldVisitor& v) const {
  EnvironmentConfig copy = *this;
  const auto rules = list_config([&copy](FieldVisitor& lister) { copy.describe_rules(lister); });
  return std::ranges::all_of(rules.front().fields,
                             [&v](const auto& rule) { return v.gives(rule.name); });
}

void EnvironmentConfig::describe_rules(FieldVisitor& v) {
  v.value(
      {"operators",
       "Operators, drawn uniformly from these characters out of + - * /; repeat one to favour it"},
      operators);
  v.value({"min_operand", "Smallest operand", 0, 1e9}, min_operand);
  v.value({"max_operand", "Largest operand", 0, 1e9}, max_operand);
  v.value({.name = "operator_counts",
           .doc = "Operators per problem, drawn uniformly from this list; repeat one to favour it",
           .min = 1,
           .max = 64,
           .filled = true},
          operator_counts);
  v.value({"max_products", "Most * and / per problem", 0, 64}, max_products);
  v.value({"min_value", "Smallest value on the way to the answer", -1e15, 1e15}, min_value);
  v.value({"max_value", "Largest value on the way to the answer", -1e15, 1e15}, max_value);
  v.value({"parentheses", "Probability that a problem has a pair of parentheses", 0, 1},
          parentheses);
}

void EnvironmentConfig::settle() {
  contradictory = false;
  apply_preset();
  const EnvironmentConfig usual{.name = name};
  const auto drop = [this](std::string_view setting, auto& field, const auto& value) {
    if (!environment_reads(name, setting)) field = value;
  };
  if (!environment_reads(name, "family")) {
    family = usual.family;
    apply_preset();
  }
  drop("long_work", long_work, usual.long_work);
  drop("size", size, usual.size);
  drop("turns", turns, usual.turns);
  drop("repeats", repeats, usual.repeats);
  drop("chase", chase, usual.chase);
  if (turns == 1) repeats = false;
}

Result<EnvironmentConfig> read_metadata(std::string_view toml, std::string_view source,
                                        EnvironmentConfig config) {
  const auto text = with_list(std::string(toml));
  if (auto parsed = parse_config(text, source, {}, describe_of(config)); !parsed)
    return tl::unexpected(parsed.error());
  config.settle();
  return config;
}

void EnvironmentConfig::apply_preset() {
  const Preset* preset = preset_of(family);
  if (preset == nullptr) return;
  operators = preset->operators;
  min_operand = preset->min_operand;
  max_operand = preset->max_operand;
  operator_counts.assign(preset->operator_counts.begin(), preset->operator_counts.end());
  max_products = preset->max_products;
  min_value = preset->min_value;
  max_value = preset->max_value;
  parentheses = preset->parentheses;
}

bool EnvironmentConfig::follows_preset() const {
  EnvironmentConfig filled = *this;
  filled.apply_preset();
  return filled == *this;
}

bool is_preset(std::string_view family) { return preset_of(family) != nullptr; }

Status check_settings(const EnvironmentConfig& config) {
  if (config.contradictory)
    return fail(Errc::kConfig,
                "environment.family = \"" + config.family +
                    "\" stands beside all eight settings of the family with other values, as "
                    "earlier versions wrote it, which ignored those values: remove the settings "
                    "to use the preset, or set family = \"custom\" to use them");
  const auto given = fields_of(config), usual = fields_of({.name = config.name});
  std::string idle;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto& [name, value, doc] = given[i];
    if (value == usual[i].value || environment_reads(config.name, name)) continue;
    // The family may only follow from another setting.
    if (idle.empty() || name != "family") idle = "environment." + name + " = " + value;
    if (name != "family") break;
  }
  if (!idle.empty()) return not_read(idle, config.name);
  return {};
}

Status check_environment_overrides(const EnvironmentConfig& config,
                                   std::span<const std::string> overrides,
                                   std::string_view prefix) {
  for (const std::string& text : overrides) {
    if (!text.starts_with(prefix)) continue;
    const std::string key = text.substr(prefix.size(), text.find('=') - prefix.size());
    if (!environment_reads(config.name, key)) return not_read(printable(text), config.name);
  }
  return {};
}

std::vector<std::string> environment_overrides(std::span<const std::string> overrides,
                                               std::string_view prefix) {
  const auto rank = [&](const std::string& text) {
    if (text.starts_with(std::string(prefix) + "name=")) return 0;
    return text.starts_with(std::string(prefix) + "family=") ? 1 : 2;
  };
  std::vector<std::string> ordered(overrides.begin(), overrides.end());
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return ordered;
}

}  // namespace qstar::environment

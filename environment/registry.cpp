#include "environment/registry.hpp"

#include <array>

#include "environment/arithmetic.hpp"
#include "environment/lights_out.hpp"

namespace qstar {
namespace {

struct Row {
  std::string_view name;
  Result<std::unique_ptr<Environment>> (*make)(const EnvironmentConfig&);
};

// To add an environment, add its row.
constexpr std::array kRows = {
    Row{"arithmetic", &Arithmetic::make},
    Row{"lights_out", &LightsOut::make},
};

}  // namespace

void EnvironmentConfig::describe(FieldVisitor& v) {
  v.value({"name", "which environment", 0, 0, "arithmetic|lights_out"}, name);
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
  v.value({"size", "puzzles: side length in cells", 3, 8}, size);
}

Result<std::unique_ptr<Environment>> make_environment(const EnvironmentConfig& config) {
  std::string known;
  for (const Row& row : kRows) {
    if (row.name == config.name) return row.make(config);
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  return fail(Errc::kConfig,
              "environment.name: \"" + config.name + "\" is unknown; choose one of " + known);
}

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

}  // namespace qstar

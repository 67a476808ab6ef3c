#include "experiment/text/domains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_set>

#include "environment/text/arithmetic.hpp"

namespace qstar::experiment {
namespace {

// The family's rules as a custom configuration, so that each rule can be changed alone.
environment::EnvironmentConfig spelled_out(const environment::EnvironmentConfig& family,
                                           const environment::ArithmeticRules& rules) {
  environment::EnvironmentConfig config = family;
  config.family = "custom";
  config.operators = rules.operators;
  config.min_operand = rules.min_operand;
  config.max_operand = rules.max_operand;
  config.max_products = rules.max_products;
  config.min_value = rules.min_value;
  config.max_value = rules.max_value;
  config.parentheses = rules.parentheses;
  config.operator_counts = rules.operator_counts;
  return config;
}

}  // namespace

std::vector<Domain> other_domains(const environment::EnvironmentConfig& family) {
  if (family.name != "arithmetic") return {};
  const auto rules = environment::arithmetic_rules(family);
  if (!rules) return {};
  const auto counts = rules->operator_counts;
  const auto most = *std::max_element(counts.begin(), counts.end());
  std::vector<Domain> domains;
  const auto add = [&](std::string name,
                       const std::function<void(environment::EnvironmentConfig&)>& change) {
    auto config = spelled_out(family, *rules);
    change(config);
    domains.push_back({std::move(name), std::move(config)});
  };
  for (const std::int64_t count : std::set{most + 1, most + 2, 2 * most})
    add(fmt::format("{} operators", count), [count](auto& c) { c.operator_counts = {count}; });
  add(fmt::format("values to {}", rules->max_value * 3 / 2),
      [](auto& c) { c.max_value = c.max_value * 3 / 2; });
  add(fmt::format("operands to {}", 2 * rules->max_operand + 1),
      [](auto& c) { c.max_operand = 2 * c.max_operand + 1; });
  if (rules->operators.find_first_of("*/") != std::string::npos)
    add(fmt::format("{} products", rules->max_products + 1), [](auto& c) { ++c.max_products; });
  if (rules->parentheses == 0) add("parentheses", [](auto& c) { c.parentheses = 1; });
  return domains;
}

std::vector<std::string> domain_problems(const environment::Environment& family,
                                         const environment::Environment& domain, std::int64_t n) {
  Rng rng(derive_seed(0, "domain"));
  std::unordered_set<std::string> seen;
  std::vector<std::string> problems;
  constexpr std::int64_t kPatience = 5000;  // consecutive draws without a new problem
  for (std::int64_t missed = 0;
       missed < kPatience && static_cast<std::int64_t>(problems.size()) < n; ++missed) {
    auto problem = domain.sample_problem(rng, environment::Split::kHeldOut);
    if (family.admits(problem) || !seen.insert(problem).second) continue;
    problems.push_back(std::move(problem));
    missed = 0;
  }
  return problems;
}

}  // namespace qstar::experiment

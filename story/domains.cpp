#include "story/domains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "environment/arithmetic.hpp"

namespace qstar {
namespace {

// The family's rules, spelled out so that each can be changed alone.
EnvironmentConfig spelled_out(const EnvironmentConfig& family, const ArithmeticRules& rules) {
  EnvironmentConfig config = family;
  config.family = "custom";
  config.operators = rules.operators;
  config.min_operand = rules.min_operand;
  config.max_operand = rules.max_operand;
  config.max_products = rules.max_products;
  config.min_value = rules.min_value;
  config.max_value = rules.max_value;
  config.parentheses = rules.parentheses;
  config.operator_counts.clear();
  for (const auto count : rules.operator_counts)
    config.operator_counts += (config.operator_counts.empty() ? "" : ",") + std::to_string(count);
  return config;
}

}  // namespace

std::vector<Domain> other_domains(const EnvironmentConfig& family) {
  if (family.name != "arithmetic") return {};
  const auto rules = arithmetic_rules(family);
  if (!rules) return {};
  const auto counts = rules->operator_counts;
  const auto most = *std::max_element(counts.begin(), counts.end());
  std::vector<Domain> domains;
  const auto add = [&](std::string name, const std::function<void(EnvironmentConfig&)>& change) {
    auto config = spelled_out(family, *rules);
    change(config);
    domains.push_back({std::move(name), std::move(config)});
  };
  for (const auto count : {most + 1, most + 2, 2 * most})
    add(fmt::format("{} operators", count),
        [count](auto& c) { c.operator_counts = std::to_string(count); });
  add(fmt::format("values to {}", rules->max_value * 3 / 2),
      [](auto& c) { c.max_value = c.max_value * 3 / 2; });
  add(fmt::format("operands to {}", 2 * rules->max_operand + 1),
      [](auto& c) { c.max_operand = 2 * c.max_operand + 1; });
  add(fmt::format("{} products", rules->max_products + 1), [](auto& c) { ++c.max_products; });
  if (rules->parentheses == 0) add("parentheses", [](auto& c) { c.parentheses = 1; });
  return domains;
}

std::vector<std::string> domain_problems(const Environment& family, const Environment& domain,
                                         std::int64_t n) {
  Rng rng(derive_seed(0, "domain"));
  std::unordered_set<std::string> seen;
  std::vector<std::string> problems;
  for (std::int64_t tries = 0; tries < 1000 * n && static_cast<std::int64_t>(problems.size()) < n;
       ++tries) {
    auto problem = domain.sample_problem(rng, Split::kHeldOut);
    if (!family.admits(problem) && seen.insert(problem).second)
      problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace qstar

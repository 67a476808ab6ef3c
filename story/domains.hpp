// Problems outside of the family that everything was trained on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "environment/environment.hpp"
#include "environment/registry.hpp"

namespace qstar {

struct Domain {
  std::string name;  // such as "5 operators"
  EnvironmentConfig config;
};

// One and two operators more than the family's most, and twice as many; values, operands and
// products beyond its largest; parentheses where it has none. Only of arithmetic; else none.
std::vector<Domain> other_domains(const EnvironmentConfig& family);

// Distinct held-out problems of the domain that `family` does not admit; fewer than n where there
// are no more.
std::vector<std::string> domain_problems(const Environment& family, const Environment& domain,
                                         std::int64_t n);

}  // namespace qstar

// Problems outside the family that the models were trained on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "environment/environment.hpp"
#include "environment/registry.hpp"

namespace qstar::experiment {

struct Domain {
  std::string name;  // such as "5 operators"
  environment::EnvironmentConfig config;
};

// Domains with one and two operators more than the family's maximum, and with twice that maximum;
// with larger values, larger operands and more products; with parentheses if the family has none.
// Empty for environments other than arithmetic.
std::vector<Domain> other_domains(const environment::EnvironmentConfig& family);

// Up to n distinct held-out problems of the domain that `family` does not admit; fewer when 5000
// consecutive draws yield no new one.
std::vector<std::string> domain_problems(const environment::Environment& family,
                                         const environment::Environment& domain, std::int64_t n);

}  // namespace qstar::experiment

// The reinforcement learning algorithms by name; improvers.hpp has what each does.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qstar::experiment {

struct AlgorithmName {
  std::string_view name;
  std::string_view summary;
  bool searches = false;  // its attempts come from Q* search guided by the critic
};
std::span<const AlgorithmName> algorithms();
// Null: there is no such algorithm.
const AlgorithmName* find_algorithm(std::string_view name);
// "expert_iteration|search_guided|…", for the description of settings.
std::string_view algorithm_choices();

}  // namespace qstar::experiment

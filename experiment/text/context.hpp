// Polluted contexts: earlier solutions, wrong or right, that stand before a problem in the prompt.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/trajectory.hpp"

namespace qstar::experiment {

// The earlier solutions and a problem as one prompt: ";3+4=7;9-2=6;5+1=".
std::string prompt_after(std::span<const Trajectory> earlier, std::string_view problem);

// The first attempt of each group that won (or lost), in the order of the groups.
std::vector<Trajectory> earlier_work(std::span<const AttemptGroup> groups, bool won);

// Whether a verifier accepts an earlier solution.
using Verifier = std::function<bool(const Trajectory&)>;
// The earlier solutions that the verifier accepts.
std::vector<Trajectory> pruned(std::span<const Trajectory> earlier, const Verifier& verifier);

}  // namespace qstar::experiment

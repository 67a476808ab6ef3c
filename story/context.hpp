// Polluted contexts: earlier solutions, wrong or right, left before a problem, and deleted again.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/trajectory.hpp"

namespace qstar {

// The earlier work and a problem as one text: ";3+4=7;9-2=6;5+1=".
std::string prompt_after(std::span<const Trajectory> earlier, std::string_view problem);

// Finished attempts of these, each at another problem, that won (or lost), in their order.
std::vector<Trajectory> earlier_work(std::span<const AttemptGroup> groups, bool won);

// Whether a verifier takes a piece of earlier work for right.
using Verifier = std::function<bool(const Trajectory&)>;
// The earlier work without what the verifier takes for wrong.
std::vector<Trajectory> pruned(std::span<const Trajectory> earlier, const Verifier& verifier);

}  // namespace qstar

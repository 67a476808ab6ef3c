// The oracle of Countdown: a shortest solution, or the knowledge that there is none.
//
// Exhaustive: all sequences of 1, 2, … steps are tried, the first that succeeds is a shortest one
// (iterative deepening, Korf 1985). What makes it fast: sets of numbers that failed with as many
// steps left are remembered, the last step is looked for without making it, and steps whose result
// was there already are skipped, because what can be reached from some of the numbers can be
// reached from all of them.
#pragma once

#include <optional>
#include <vector>

#include "environment/puzzle/countdown_rules.hpp"

namespace qstar::environment::countdown {

// Of a solved position: no steps. Places count in the position before each step.
std::optional<std::vector<Combination>> shortest_solution(const Position& start);

}  // namespace qstar::environment::countdown

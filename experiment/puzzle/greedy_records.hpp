// Greedy play as attempts, so that the replay store shows how a network plays, step by step.
#pragma once

#include <span>
#include <vector>

#include "data/trajectory.hpp"
#include "environment/puzzle/puzzle.hpp"
#include "learning/cost_to_go/lookahead.hpp"

namespace qstar::experiment {

struct RecordInfo {
  std::uint64_t first_group = 0;     // group ids count from here
  std::uint64_t updates = 0;         // of the network: a step's policy_version
  std::uint64_t target_version = 0;  // the attempt's critic_version
  std::uint64_t model = 0;           // the network's number in the store's table of models
  Provenance provenance;
};

// A group of one attempt per walk; walks without a move (solved at once) are left out. A step's q
// is the predicted cost to go by that move.
std::vector<AttemptGroup> records_of(const environment::Puzzle& puzzle,
                                     std::span<const learning::PuzzleWalk> walks,
                                     const RecordInfo& info);

}  // namespace qstar::experiment

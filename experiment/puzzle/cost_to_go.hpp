// The stage that learns a puzzle's cost to go: nodes make batches of examples and their targets
// (ScrambleTask), and the learner fits them in order.
//
// Batches are ordered ahead of the learner, at most batches_ahead of them. Which target network a
// batch is made with depends on how many updates the learner has made by then, never on who makes
// it or when; so the same seed gives the same network on any number of processes, and also after an
// interruption. After a check the target network may be a new one; batches are ordered over at most
// checks_ahead checks ahead. With 0 every batch is made with the target network of its update
// (lock-step), as if the learner made it itself.
#pragma once

#include "experiment/puzzle/cost_to_go_config.hpp"
#include "experiment/puzzle/cost_to_go_state.hpp"
#include "experiment/run_stages.hpp"

namespace qstar::experiment {

// Trains until a limit of the settings is reached, with a check at the end. kInterrupted: the host
// stopped it, and everything is saved; the same call continues. kConfig: the loss is not finite;
// the saved state has more updates than the limit. Otherwise the errors of the host and the
// engine.
Result<StageResult> cost_to_go_stage(Run& run, const StageEntry& stage);

// Done so far, in [0, 1], by whichever limit is nearer.
double share_done(const CostToGoState& state, const CostToGoConfig& limits, double cpu_seconds);

}  // namespace qstar::experiment

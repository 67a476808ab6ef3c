// Leads a puzzle's run, hands out leases and target networks, and writes checkpoints.
//
// The learner is asked for one slice of updates after the other; a slice ends at a check of greedy
// play, or after a second. Scramblers make examples beside it, held back by the room in the buffer
// alone. After a check the target network may be a new one: it is published. Checkpoints are taken
// between two slices. Deterministic: the learner makes its examples itself; nobody else works.
#pragma once

#include <future>
#include <memory>

#include "actors/leading_state.hpp"
#include "actors/puzzle_actors.hpp"
#include "actors/puzzle_run_state.hpp"
#include "persistence/checkpoint.hpp"

namespace qstar {

struct PuzzleCoordinatorOptions {
  PuzzleExperiment config;
  PuzzlePtr puzzle;
  bool deterministic = false;
  PuzzleRunState state;  // of the checkpoint, or fresh
  std::string model;     // of a finished run
  RunControl control;
  std::uint64_t first_serial = 1;  // of the next checkpoint
  MetricsActor metrics;
};

// How a run ended. `interrupted`: stopped by request, after a checkpoint.
struct PuzzleRunEnd {
  PuzzleRunState state;
  std::string model;  // the online network, safetensors; empty when interrupted
  bool interrupted = false;
};

// The actors that it leads; they are spawned after it, since they report to it.
struct PuzzleWiring {
  PuzzleLearnerActor learner;
  PuzzleReplayActor replay;
};

using PuzzleCoordinator = PuzzleCoordinatorActor::extend<caf::reacts_to<PuzzleWiring>>;

// `end` is fulfilled exactly once: with the run's end, or with the error that one of its actors
// died of.
PuzzleCoordinator spawn_puzzle_coordinator(caf::actor_system& system,
                                           PuzzleCoordinatorOptions options,
                                           std::shared_ptr<std::promise<Result<PuzzleRunEnd>>> end);

}  // namespace qstar

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::PuzzleWiring)

// The spawn functions of the actors of puzzles; see actors.hpp for what holds for all.
#pragma once

#include <memory>
#include <string>

#include "actors/actors.hpp"
#include "actors/family.hpp"
#include "actors/puzzle_experiment.hpp"
#include "persistence/store.hpp"

namespace qstar {

// The process that leads calls itself so.
inline constexpr const char* kHeadNode = "head";

using PuzzlePtr = std::shared_ptr<const Puzzle>;

struct ScramblerOptions {
  std::string node;  // process name
  PuzzleExperiment config;
  PuzzlePtr puzzle;
};
ScramblerActor spawn_scrambler(caf::actor_system& system, const ScramblerOptions& options,
                               const PuzzleCoordinatorActor& coordinator);
// training.scramblers of them under a supervisor.
caf::actor spawn_scramblers(caf::actor_system& system, const ScramblerOptions& options,
                            const PuzzleCoordinatorActor& coordinator,
                            std::function<void(const Status&)> ended);

// `store` keeps the records of greedy play.
PuzzleReplayActor spawn_puzzle_replay(caf::actor_system& system, const PuzzleExperiment& config,
                                      Store store, const PuzzleCoordinatorActor& listener);

// Where a puzzle's learner takes its examples from, and the flag that stops it after the
// current update.
struct PuzzleLearnerLinks {
  PuzzleReplayActor replay;  // null in deterministic mode: the learner makes its batches itself
  Stop stop;
};
// `restored`: state from SaveState, empty to begin afresh, and its file, for errors.
struct RestoredPuzzle {
  std::string state, source;
};
PuzzleLearnerActor spawn_puzzle_learner(caf::actor_system& system, const PuzzleExperiment& config,
                                        PuzzlePtr puzzle, RestoredPuzzle restored,
                                        const PuzzleLearnerLinks& links);

}  // namespace qstar

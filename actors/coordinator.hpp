// Leads a run from phase to phase, hands out work and weights, and keeps checkpoints.
//
//   pretrain  slices of optimiser steps, one after the other
//   rl        asynchronous: rollouts, policy updates and critic updates run side by side, held in
//             step only by the replay buffer's limiter; at the end of a version the policy's new
//             weights are published. Deterministic: rollouts of a version, then the policy's
//             updates, then the critic's, then the next version.
//   finished  the final figures are measured
//
// Checkpoints are taken when the learners are at rest between two versions or slices. A run that is
// to stop lets its learners finish the update under way, keeps the evaluations under way as
// ordered, takes a checkpoint and ends.
#pragma once

#include <future>
#include <memory>

#include "actors/leading_state.hpp"
#include "actors/pending_evaluations.hpp"
#include "actors/run_state.hpp"
#include "persistence/checkpoint.hpp"

namespace qstar {

struct CoordinatorOptions {
  ExperimentConfig config;
  EnvironmentPtr environment;
  bool deterministic = false;
  RunState state;     // of the checkpoint, or fresh
  std::string model;  // weights of state.version, when there is one
  std::vector<AttemptGroup>
      reference;                   // attempts that the critic is judged by, when there are some
  PendingEvaluations evaluations;  // that were ordered before the checkpoint
  RunControl control;
  std::uint64_t first_serial = 1;  // of the next checkpoint
  MetricsActor metrics;
};

// How a run ended. `interrupted`: stopped by request, after a checkpoint.
struct RunEnd {
  RunState state;
  std::string model;   // the newest policy, safetensors
  std::string critic;  // the critic likewise; empty before version 1
  bool interrupted = false;
};

// `end` is fulfilled exactly once: with the run's end, or with the error that one of its actors
// died of.
Coordinator spawn_coordinator(caf::actor_system& system, CoordinatorOptions options,
                              std::shared_ptr<std::promise<Result<RunEnd>>> end);

}  // namespace qstar

// The interfaces of all actors: the whole protocol on one page.
#pragma once

#include "actors/messages.hpp"

namespace qstar {

// Learns Q from the win signal and values steps.
using CriticActor =
    caf::typed_actor<caf::replies_to<Score>::with<Groups>,
                     caf::reacts_to<StartCritic>,             // begin from this policy
                     caf::replies_to<Train>::with<Trained>,   // further updates
                     caf::replies_to<Assess>::with<Trained>,  // calibration and step AUC
                     caf::replies_to<SaveState>::with<Bytes>,
                     caf::replies_to<ExportModel>::with<Bytes>>;

// Stores attempts and samples them. A request for samples is answered when the limiter admits it.
using ReplayActor =
    caf::typed_actor<caf::replies_to<Insert>::with<Inserted>,  // acknowledged when durable
                     caf::replies_to<Sample>::with<Samples>, caf::reacts_to<Priorities>,
                     caf::reacts_to<Release>, caf::replies_to<SaveState>::with<Bytes>>;

// Trains the policy.
using PolicyLearnerActor =
    caf::typed_actor<caf::replies_to<Pretrain>::with<Trained>,
                     caf::replies_to<Train>::with<Trained>, caf::replies_to<SaveState>::with<Bytes>,
                     caf::replies_to<ExportModel>::with<Bytes>>;

// Writes figures to the terminal, metrics.jsonl and the gateway.
using MetricsActor = caf::typed_actor<caf::reacts_to<Report>>;

// The first contact of another process: every kind of coordinator answers this message.
using JoinActor = caf::typed_actor<caf::replies_to<Join>::with<Welcome>>;

// What an executor knows of a head, whichever kind of experiment it leads: it hands out tasks and
// serves the models that they name.
using TaskSourceActor =
    caf::typed_actor<caf::replies_to<Join>::with<Welcome>,  // a worker process introduces itself
                     caf::replies_to<TaskRequest>::with<TaskLease>,  // answered when there is a
                                                                     // task
                     caf::reacts_to<TaskFinished>, caf::replies_to<ModelRequest>::with<ModelPiece>>;

// Asks for tasks and executes them.
using ExecutorActor = caf::typed_actor<caf::reacts_to<caf::tick_atom>>;

// Hands out the tasks of a stage.
using PoolActor = TaskSourceActor::extend<caf::reacts_to<SubmitTask>, caf::reacts_to<CancelTasks>,
                                          caf::reacts_to<EndTasks>, caf::reacts_to<caf::tick_atom>>;

// Leads a text experiment from phase to phase; hands out its rollouts when the replay buffer has
// room, and its evaluations.
using CoordinatorActor =
    TaskSourceActor::extend<caf::reacts_to<ReplayStatus>,
                            caf::reacts_to<caf::tick_atom>>;  // the clock: leases, Ctrl-C

// The actors that the coordinator leads, sent to it once after they are spawned (they report to it,
// so it must exist first). The only message with actor handles, therefore not in messages.hpp.
struct Wiring {
  PolicyLearnerActor learner;
  CriticActor critic;
  ReplayActor replay;
};
// The coordinator's interface inside its own process.
using Coordinator = CoordinatorActor::extend<caf::reacts_to<Wiring>>;

}  // namespace qstar

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(qstar::Wiring)

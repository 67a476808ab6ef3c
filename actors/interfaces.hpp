// The interfaces of all actors: the whole protocol on one page.
#pragma once

#include "actors/messages.hpp"

namespace qstar::actors {

// Writes figures to the terminal, metrics.jsonl and the gateway.
using MetricsActor = caf::typed_actor<caf::reacts_to<ProgressUpdate>>;

// The first contact of another process.
using JoinActor = caf::typed_actor<caf::replies_to<Join>::with<Welcome>>;

// What an executor knows of a head: it hands out tasks and serves the models that they name.
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

}  // namespace qstar::actors

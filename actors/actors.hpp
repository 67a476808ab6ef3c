// The spawn functions: one actor a file, each a thin shell around a pure object.
//
// Actors that compute (executors, trainers) or wait for a disk or a terminal (archive, metrics) are
// detached: a thread each. An actor that meets an Error it cannot answer with
// quits with it; the actor that monitors it decides what follows.
#pragma once

#include <exception>
#include <functional>
#include <memory>

#include "actors/interfaces.hpp"
#include "core/result.hpp"
#include "core/stop.hpp"
#include "environment/environment.hpp"

namespace qstar::actors {

using EnvironmentPtr = std::shared_ptr<const environment::Environment>;

// How long a request may take that is not waiting for anybody's work, and one that may be.
inline constexpr std::chrono::seconds kPromptly{60};
inline constexpr std::chrono::seconds kEventually{600};

// An Error as CAF's error and back; what CAF itself reports becomes kActorFailed.
caf::error to_caf(const Error& error);
Error error_of(const caf::error& error);
// What an exception said, as kActorFailed.
caf::error explain(std::exception_ptr& thrown);
// Makes an exception end the actor with kActorFailed and the exception's text; without this, CAF
// reports only "runtime_error" to the monitors. Call it first in every behavior.
void explain_exceptions(caf::scheduled_actor& self);

// `sink` is called on the actor's thread for every report.
MetricsActor spawn_metrics(caf::actor_system& system,
                           std::function<void(const ProgressUpdate&)> sink);

}  // namespace qstar::actors

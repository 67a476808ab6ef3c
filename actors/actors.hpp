// The spawn functions: one actor a file, each a thin shell around a pure object.
//
// Actors that compute (executors, learners, critic) or wait for a disk or a terminal
// (replay, metrics) are detached: a thread each. An actor that meets an Error it cannot answer with
// quits with it; the actor that monitors it decides what follows.
#pragma once

#include <array>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/experiment.hpp"
#include "actors/interfaces.hpp"
#include "core/stop.hpp"
#include "environment/environment.hpp"
#include "learning/critic_learner.hpp"
#include "learning/failed_batch.hpp"
#include "learning/policy_learner.hpp"
#include "persistence/replay_buffer.hpp"

namespace qstar {

using EnvironmentPtr = std::shared_ptr<const Environment>;

// How long a request may take that is not waiting for anybody's work, and one that may be.
inline constexpr std::chrono::seconds kPromptly{60};
inline constexpr std::chrono::seconds kEventually{600};
// The same where the answer is a whole evaluation, or a slice of training, on a slow machine.
inline constexpr std::chrono::seconds kLongWork{6 * 3600};

// An Error as CAF's error and back; what CAF itself reports becomes kActorFailed.
caf::error to_caf(const Error& error);
Error error_of(const caf::error& error);
// What an exception said, as kActorFailed.
caf::error explain(std::exception_ptr& thrown);
// Makes an exception end the actor with kActorFailed and the exception's text; without this, CAF
// reports only "runtime_error" to the monitors. Call it first in every behavior.
void explain_exceptions(caf::scheduled_actor& self);

// The replay buffer sends `listener` its fill level after every change; lease_groups is the unit in
// which it counts room.
struct ReplayOptions {
  std::uint64_t seed = 0;
  std::int64_t lease_groups = 32;
  std::optional<std::array<std::uint64_t, 4>> rng_state;  // of a saved buffer
};
// What SaveState of the replay actor holds: the generator's place, then ReplayBuffer::save().
struct SavedReplay {
  std::array<std::uint64_t, 4> rng_state{};
  std::string tables;
};
Result<SavedReplay> split_saved_replay(std::string_view bytes);  // kCorrupt
ReplayActor spawn_replay(caf::actor_system& system, ReplayBuffer buffer,
                         const ReplayOptions& options, const CoordinatorActor& listener);

// Where a learner's material comes from, and what stops it: it then answers after the update under
// way with what it has done so far.
struct LearnerLinks {
  ReplayActor replay;
  Stop stop;
  KeepBatch keep_failed = {};  // keeps a batch whose loss or gradient is not finite
};
// What a learner starts from: its state from SaveState, empty to begin afresh.
struct Restored {
  std::string state;
  std::string policy{};  // of the critic: the model below its state; empty: wait for StartCritic
  std::string source{};  // the file of the state, for errors
};
PolicyLearnerActor spawn_policy_learner(caf::actor_system& system, const ExperimentConfig& config,
                                        EnvironmentPtr environment, Restored restored,
                                        const LearnerLinks& links);
CriticActor spawn_critic(caf::actor_system& system, const ExperimentConfig& config,
                         Restored restored, const LearnerLinks& links);
// `sink` is called on the actor's thread for every report.
MetricsActor spawn_metrics(caf::actor_system& system, std::function<void(const Report&)> sink);

}  // namespace qstar

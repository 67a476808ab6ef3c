// How the coordinator hands out rollouts and evaluations, and what it does with their results.
#include "actors/ask_in_turns.hpp"
#include "actors/coordinator_state.hpp"
#include "core/clock.hpp"
#include "core/printable.hpp"

namespace qstar {

caf::result<TaskLease> CoordinatorState::work(const TaskRequest& request) {
  const auto sender = self->current_sender();
  const std::string holder = caf::to_string(sender);
  if (sender && monitored.insert(sender->address()).second) self->monitor(sender->address());
  note_node(holder, request.node);
  keep_newest(waiting, WaitingExecutor{holder, self->make_response_promise<TaskLease>()},
              [&](const WaitingExecutor& w) { return w.holder == holder; });
  auto promise = waiting.back().promise;
  hand_out();
  return promise;
}

bool CoordinatorState::may_roll_out() const {
  if (run.phase != Phase::kReinforce || policy.hash.empty()) return false;
  if (options.deterministic) {
    const bool at_rest =
        !policy_busy && !critic_busy && !saving && critic_due() <= 0 && under_way() == 0;
    return at_rest && (book->returned() > 0 || book->next_task() < round_end());
  }
  const auto room = replay.insertable - under_way() * config().rollout.lease_groups;
  return room >= config().rollout.lease_groups;
}

std::uint64_t CoordinatorState::round_end() const {
  return run.version * leases_per_version(config());
}

void CoordinatorState::hand_out() {
  while (!waiting.empty()) {
    auto lease = over ? std::optional(TaskLease{}) : next_lease(waiting.front().holder);
    if (!lease) return;
    waiting.front().promise.deliver(std::move(*lease));
    waiting.pop_front();
  }
}

std::optional<TaskLease> CoordinatorState::next_lease(const std::string& holder) {
  const bool measures = evaluation_tasks->pool().queued() > 0;
  const bool rolls_out = may_roll_out();
  if (!measures && !rolls_out) return std::nullopt;
  const bool evaluation = measures && (evaluation_next || !rolls_out);
  evaluation_next = !evaluation;
  auto lease = evaluation ? evaluation_lease(holder) : rollout_lease(holder);
  log_lease(LogLevel::kDebug, "lease granted", lease.task, holder);
  return lease;
}

TaskLease CoordinatorState::evaluation_lease(const std::string& holder) {
  const auto lease = evaluation_tasks->pool().hand_out(holder, now());
  return {lease->task, *lease->bytes};
}

TaskLease CoordinatorState::rollout_lease(const std::string& holder) {
  const auto number = book->hand_out(holder, now());
  return {number, encode(Task(rollout_task(config(), *options.environment, number, policy)))};
}

void CoordinatorState::finished(const TaskFinished& message) {
  const std::string holder = caf::to_string(self->current_sender());
  auto result =
      message.code.empty()
          ? decode_result(message.bytes)
          : tl::unexpected(Error{errc_from_string(message.code), printable(message.message)});
  if (EvaluationTasks::owns(message.task)) {
    if (!result) return evaluation_failed(message.task, result.error(), holder);
    if (auto complete = evaluation_tasks->finished(message.task, std::move(*result)))
      evaluated(std::move(*complete));
  } else {
    if (!result) return rollout_failed(message.task, result.error(), holder);
    if (book->done(message.task)) store(message.task, std::move(result->found), holder);
  }
  hand_out();
}

void CoordinatorState::store(std::uint64_t task, std::vector<SearchResult> found,
                             const std::string& holder) {
  storing.insert(task);
  auto groups = groups_of(std::move(found));
  const auto time = options.deterministic ? 0 : now_us();
  for (auto& group : groups)
    for (auto& attempt : group.attempts) {
      attempt.provenance = {config().name, node_of(holder), QSTAR_VERSION};
      for (auto& step : attempt.steps) step.time_us = time;
    }
  if (config().critic.updates_per_version == 0) return insert(task, std::move(groups));
  ask(actors.critic, Score{std::move(groups)},
      [this, task](Groups& scored) { insert(task, std::move(scored.groups)); });
}

void CoordinatorState::insert(std::uint64_t task, std::vector<AttemptGroup> groups) {
  RunState counted;
  Insert message{std::move(groups)};
  for (const auto& group : message.groups) {
    count(group, counted);
    const auto made_by = policies.find(group.policy_version());
    if (made_by != policies.end()) message.policies.insert(*made_by);
  }
  ask(actors.replay, std::move(message), [this, task, counted](const Inserted& stored) {
    storing.erase(task);
    failures.erase(task);
    if (stored.fresh > 0) add_counts(run, counted);
    hand_out();
    advance();
  });
}

void CoordinatorState::rollout_failed(std::uint64_t task, const Error& why,
                                      const std::string& holder) {
  log_lease(LogLevel::kWarning, "a rollout failed: " + why.message, task, holder);
  if (!book->done(task)) return;
  if (!may_succeed_elsewhere(why.code) || ++failures[task] >= TaskPool::kMostHolders)
    return failed(why);
  book->give_back(task);
  hand_out();
}

void CoordinatorState::evaluation_failed(std::uint64_t task, const Error& why,
                                         const std::string& holder) {
  log_lease(LogLevel::kWarning, "an evaluation failed: " + why.message, task, holder);
  if (evaluation_tasks->pool().failed(task, why.code) == TaskPool::Failure::kFinal)
    return failed(why);
  hand_out();
}

caf::result<ModelPiece> CoordinatorState::piece(const ModelRequest& request) const {
  auto piece = models.piece(request);
  if (!piece) return to_caf(piece.error());
  return std::move(*piece);
}

void CoordinatorState::publish(std::string bytes) {
  if (auto kept = control.keep_model(bytes); !kept) return failed(kept.error());
  model = std::move(bytes);
  policy = {models.publish(model), run.version};
  policies[policy.version] = policy.hash;
}

void CoordinatorState::down(const caf::down_msg& message) {
  const std::string holder = caf::to_string(message.source);
  monitored.erase(message.source);
  log_returned(book->release(holder), "lease returned: its holder is gone");
  took_back(evaluation_tasks->pool().release(holder), "lease returned: its holder is gone");
  nodes.erase(holder);
  std::erase_if(waiting, [&](const WaitingExecutor& w) { return w.holder == holder; });
  hand_out();
}

void CoordinatorState::took_back(const std::vector<TaskPool::Returned>& leases,
                                 std::string_view why) {
  for (const auto& lease : leases) {
    log_lease(LogLevel::kWarning, why, lease.task, lease.holder);
    if (lease.given_up)
      return failed({Errc::kActorFailed, "an evaluation was given up: no executor finished it"});
  }
}

}  // namespace qstar

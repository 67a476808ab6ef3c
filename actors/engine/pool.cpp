// The pool as an actor: it hands out tasks, serves models in pieces, and passes results on.
#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <set>

#include "actors/actors.hpp"
#include "actors/ask_in_turns.hpp"
#include "actors/engine/engine_client.hpp"
#include "actors/process/roster.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/printable.hpp"

namespace qstar::actors {
namespace {

constexpr std::chrono::milliseconds kTick{200};

struct PoolState {
  PoolActor::pointer self = nullptr;
  RosterActor roster;
  std::string config;
  std::shared_ptr<TaskExchange> exchange;
  std::unique_ptr<TaskPool> pool;
  Occupancy occupancy;
  bool ends = false;
  struct WaitingExecutor {
    std::string holder;
    caf::typed_response_promise<TaskLease> promise;
  };
  std::deque<WaitingExecutor> waiting;
  std::set<caf::actor_addr> monitored;
  std::map<std::string, std::string> nodes;  // name of the node by holder

  caf::result<TaskLease> work(const TaskRequest& request) {
    const auto sender = self->current_sender();
    if (sender && monitored.insert(sender->address()).second) self->monitor(sender->address());
    const std::string holder = caf::to_string(sender);
    nodes[holder] = shown_name(request.node);
    keep_newest(waiting, WaitingExecutor{holder, self->make_response_promise<TaskLease>()},
                [&](const WaitingExecutor& w) { return w.holder == holder; });
    auto promise = waiting.back().promise;
    hand_out();
    return promise;
  }

  void hand_out() {
    while (!waiting.empty() && (ends || pool->queued() > 0)) {
      auto next = std::move(waiting.front());
      waiting.pop_front();
      if (ends) {
        next.promise.deliver(TaskLease{});
        continue;
      }
      const auto lease = pool->hand_out(next.holder, seconds_now());
      log_task(LogLevel::kDebug, "lease granted", lease->task, next.holder);
      next.promise.deliver(TaskLease{lease->task, *lease->bytes});
    }
    occupancy.set(seconds_now(), pool->leased(), static_cast<std::int64_t>(waiting.size()));
    exchange->note(occupancy);
  }

  void log_task(LogLevel level, std::string_view event, experiment::TaskId task,
                const std::string& holder) {
    log(level, "pool", event, {{"task", task}, {"node", nodes[holder]}});
  }

  void submit(const SubmitTask& message) {
    pool->add(message.task, message.bytes, message.urgent);
    hand_out();
  }

  void cancel(const CancelTasks& message) {
    for (const experiment::TaskId task : message.tasks) pool->cancel(task);
    exchange->forget(message.tasks);  // results that came first
    hand_out();
  }

  void finished(const TaskFinished& message) {
    if (!message.code.empty()) return failed(message);
    const auto sender = self->current_sender();
    const bool wanted = pool->done(message.task);
    hand_out();  // before anything is decoded
    if (!wanted) return;
    log_task(LogLevel::kDebug, "result taken", message.task, caf::to_string(sender));
    const bool remote = sender && sender->node() != self->node();
    exchange->deliver(message.task, experiment::decode_result(message.bytes), remote);
  }

  void failed(const TaskFinished& message) {
    log(LogLevel::kWarning, "pool", "a task failed: " + message.message,
        {{"task", message.task}, {"node", nodes[caf::to_string(self->current_sender())]}});
    const auto code = errc_from_string(message.code);
    if (pool->failed(message.task, code) == TaskPool::Failure::kFinal)
      exchange->deliver(message.task, fail(code, printable(message.message)), false);
    hand_out();
  }

  caf::result<ModelPiece> model(const ModelRequest& request) const {
    auto piece = exchange->models().piece(request);
    if (!piece) return to_caf(piece.error());
    return std::move(*piece);
  }

  void down(const caf::down_msg& message) {
    const std::string holder = caf::to_string(message.source);
    monitored.erase(message.source);
    took_back(pool->release(holder), "lease returned: its holder is gone");
    nodes.erase(holder);
    std::erase_if(waiting, [&](const WaitingExecutor& w) { return w.holder == holder; });
    hand_out();
  }

  void took_back(const std::vector<TaskPool::Returned>& leases, std::string_view why) {
    for (const auto& lease : leases) {
      log_task(LogLevel::kWarning, why, lease.task, lease.holder);
      if (!lease.given_up) continue;
      exchange->deliver(
          lease.task,
          fail(Errc::kActorFailed, fmt::format("a task was given up after {} executors had not "
                                               "finished it; the log names them",
                                               TaskPool::kMostHolders)),
          false);
    }
  }

  void tick() {
    took_back(pool->expire(seconds_now()), "lease expired");
    hand_out();
    self->delayed_send(self, kTick, caf::tick_atom::value);
  }
};

PoolActor::behavior_type pool_behavior(PoolActor::stateful_pointer<PoolState> self,
                                  const MetricsActor& metrics, const Stop& stop,
                                  const std::string& config, double lease_seconds,
                                  const std::shared_ptr<TaskExchange>& exchange) {
  explain_exceptions(*self);
  auto& s = self->state;
  s.self = self;
  s.roster = spawn_roster(*self, metrics, stop);
  s.config = config;
  s.exchange = exchange;
  s.pool = std::make_unique<TaskPool>(lease_seconds);
  self->set_down_handler([&s](const caf::down_msg& message) { s.down(message); });
  self->delayed_send(self, kTick, caf::tick_atom::value);
  return {
      [&s](const Join& join) {
        s.self->send(s.roster, Arrival{join.node, s.self->current_sender()});
        return Welcome{s.config, kTasks};
      },
      [&s](const TaskRequest& request) { return s.work(request); },
      [&s](const TaskFinished& message) { s.finished(message); },
      [&s](const ModelRequest& request) { return s.model(request); },
      [&s](const SubmitTask& message) { s.submit(message); },
      [&s](const CancelTasks& message) { s.cancel(message); },
      [&s](EndTasks) {
        s.ends = true;
        s.self->send(s.roster, SessionEnds{});
        s.hand_out();
      },
      [&s](caf::tick_atom) { s.tick(); },
  };
}

}  // namespace

PoolActor spawn_pool(caf::actor_system& system, const MetricsActor& metrics, Stop stop,
                     std::string config, double lease_seconds,
                     std::shared_ptr<TaskExchange> exchange) {
  return system.spawn<caf::detached>(pool_behavior, metrics, std::move(stop), std::move(config),
                                     lease_seconds, std::move(exchange));
}

}  // namespace qstar::actors

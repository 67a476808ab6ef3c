#include "actors/coordinator.hpp"

#include "actors/coordinator_state.hpp"
#include "actors/executors.hpp"

namespace qstar {
namespace {

Coordinator::behavior_type coordinator(Coordinator::stateful_pointer<CoordinatorState> self,
                                       CoordinatorOptions options,
                                       std::shared_ptr<std::promise<Result<RunEnd>>> end) {
  explain_exceptions(*self);
  auto& s = self->state;
  s.self = self;
  s.options = std::move(options);
  s.control = s.options.control;
  s.end = std::move(end);
  s.run = s.options.state;
  s.reference = std::move(s.options.reference);
  s.evaluations = std::move(s.options.evaluations);
  s.serial = s.options.first_serial;
  s.book = std::make_unique<LeaseBook>(s.config().rollout.lease_seconds);
  s.evaluation_tasks = std::make_unique<EvaluationTasks>(s.config().rollout.lease_seconds);
  s.progress = std::make_unique<Progress>(s.config());
  s.roster = spawn_roster(*self, s.options.metrics, s.control.stop);
  s.book->restart_at(s.run.next_task);
  for (const auto task : s.run.unfinished) s.book->give_back(task);
  self->set_down_handler([&s](const caf::down_msg& message) { s.down(message); });
  self->set_exit_handler([&s](const caf::exit_msg& message) {
    if (message.reason == caf::exit_reason::user_shutdown) return s.self->quit();
    s.failed(error_of(message.reason));
  });
  return {
      [&s](const Join& join) {
        s.self->send(s.roster, Arrival{join.node, s.self->current_sender()});
        auto node = node_config_of(s.config());
        return Welcome{print_config(describe_of(node)), kTasks};
      },
      [&s](const TaskRequest& request) { return s.work(request); },
      [&s](const TaskFinished& message) { s.finished(message); },
      [&s](const ModelRequest& request) { return s.piece(request); },
      [&s](const ReplayStatus& status) {
        s.replay = status;
        s.hand_out();
      },
      [&s](caf::tick_atom) { s.tick(); },
      [&s](const Wiring& wiring) { s.wire(wiring); },
  };
}

}  // namespace

Coordinator spawn_coordinator(caf::actor_system& system, CoordinatorOptions options,
                              std::shared_ptr<std::promise<Result<RunEnd>>> end) {
  return system.spawn<caf::detached>(coordinator, std::move(options), std::move(end));
}

}  // namespace qstar

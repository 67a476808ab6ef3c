#include "actors/puzzle_coordinator.hpp"

#include <chrono>
#include <deque>
#include <set>

#include "actors/ask_in_turns.hpp"
#include "actors/puzzle_dispatch.hpp"
#include "actors/puzzle_progress.hpp"
#include "actors/puzzle_records.hpp"
#include "core/clock.hpp"

namespace qstar {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr double kSlice = 1;  // seconds at most, so that progress is shown and checkpoints are due

struct PuzzleCoordinatorState : LeadingState<PuzzleCoordinator::pointer, PuzzleRunEnd> {
  PuzzleCoordinatorOptions options;
  PuzzleWiring actors;
  std::unique_ptr<PuzzleDispatch> dispatch;
  std::unique_ptr<PuzzleProgress> progress;
  PuzzleRunState run;
  CpuLedger worker_cpu;
  struct WaitingScrambler {
    std::string holder;
    caf::typed_response_promise<ScrambleLease> promise;
  };
  std::deque<WaitingScrambler> waiting;
  std::set<caf::actor_addr> monitored;
  double slice_began = 0;
  std::int64_t stale_before = 0;  // dropped by earlier sessions
  bool busy = false;

  const PuzzleExperiment& config() const { return options.config; }
  double cpu() const {
    return run.cpu_seconds + process_cpu_seconds() - cpu_at_start + worker_cpu.total();
  }
  bool just_checked() const { return run.checks > 0 && run.newest.updates == run.updates; }
  bool done() const { return share_done(run, config(), cpu()) >= 1; }

  PuzzleQueues queues() const {
    return {dispatch->book().outstanding(), static_cast<std::int64_t>(waiting.size()),
            dispatch->held()};
  }

  // ---- leases, examples, target networks -------------------------------------------------------

  caf::result<ScrambleLease> work(const ScrambleRequest& request) {
    const auto sender = self->current_sender();
    if (sender && monitored.insert(sender->address()).second) self->monitor(sender->address());
    const std::string holder = caf::to_string(sender);
    note_node(holder, request.node);
    keep_newest(waiting, WaitingScrambler{holder, self->make_response_promise<ScrambleLease>()},
                [&](const WaitingScrambler& w) { return w.holder == holder; });
    auto promise = waiting.back().promise;
    hand_out();
    return promise;
  }

  void hand_out() {
    while (!waiting.empty() && (run.finished || dispatch->may_lease())) {
      auto next = std::move(waiting.front());
      waiting.pop_front();
      if (run.finished) {
        next.promise.deliver(ScrambleLease{});
        continue;
      }
      auto lease = dispatch->lease(next.holder, now());
      log_lease(LogLevel::kDebug, "lease granted", lease.task, next.holder);
      next.promise.deliver(std::move(lease));
    }
  }

  caf::result<Inserted> insert(InsertExamples& message) {
    // Workers may share a name; a process that is started again has another identity.
    if (const auto sender = self->current_sender(); sender && sender->node() != self->node())
      worker_cpu.report(caf::to_string(sender->node()),
                        static_cast<double>(message.cpu_microseconds) / 1e6);
    const auto fresh = dispatch->accept(message, *options.puzzle);
    if (!fresh) return to_caf(fresh.error());
    if (!*fresh) return Inserted{0};
    return self->delegate(actors.replay, std::move(message));
  }

  void taken(const ExampleStatus& status) {
    dispatch->removed(status.removed);
    run.dropped_stale = stale_before + status.dropped_stale;
    hand_out();
  }

  caf::result<WeightsChunk> weights(const WeightsRequest& request) const {
    auto piece = dispatch->weights().chunk(request);
    if (!piece) return to_caf(piece.error());
    return std::move(*piece);
  }

  void down(const caf::down_msg& message) {
    const std::string holder = caf::to_string(message.source);
    monitored.erase(message.source);
    log_returned(dispatch->book().release(holder), "lease returned: its holder is gone");
    nodes.erase(holder);
    std::erase_if(waiting, [&](const WaitingScrambler& w) { return w.holder == holder; });
    hand_out();
  }

  // ---- slices ----------------------------------------------------------------------------------

  void wire(const PuzzleWiring& wiring) {
    actors = wiring;
    self->link_to(actors.learner);
    self->link_to(actors.replay);
    if (run.finished) return conclude(false);  // only its report may be missing
    self->delayed_send(self, kTick, caf::tick_atom::value);
    // A slice without updates gives the target network that the scramblers need.
    train({.with_target = !options.deterministic});
  }

  // Starts what may start now.
  void advance() {
    if (begins_to_stop())
      say(report_of("stop", static_cast<std::uint64_t>(run.updates),
                    "stopping: finishing the update under way and saving"));
    if (ended || busy || saving) return;
    if (checkpoint_due()) return rest();
    if (!done()) return train({.updates = config().training.updates - run.updates});
    if (!just_checked()) return train({.check = true, .walks = config().record.positions});
    finish();
  }

  bool checkpoint_due() const {
    return stopping || (unsaved && since_checkpoint() >= config().checkpoint.seconds);
  }

  bool record_due() const {
    return config().record.checks > 0 && run.checks % config().record.checks == 0;
  }

  void train(TrainPuzzle slice) {
    busy = true;
    slice_began = now();
    slice.first_batch = run.batches;
    if (record_due()) slice.walks = config().record.positions;
    if (config().record.checks == 0) slice.walks = 0;
    ask(actors.learner, slice, [this](PuzzleTrained& t) { trained(t); });
  }

  void trained(PuzzleTrained& t) {
    busy = false;
    run.updates += t.updates;
    run.examples += t.examples;
    run.batches += t.batches;
    run.target_version = t.target_version;
    unsaved = unsaved || t.updates > 0;
    if (!t.target.empty()) dispatch->weights().publish(t.target_version, std::move(t.target));
    if (t.check) checked(*t.check);
    if (!t.walks.empty()) record(t.walks);
    if (t.updates > 0 || t.check) say(progress->trained(run, t, queues(), cpu(), now()));
    hand_out();
    advance();
  }

  void checked(const PuzzleCheck& check) {
    ++run.checks;
    run.newest = {run.updates, run.examples, cpu(), check.loss, check.solved, run.target_version};
    run.curve.add(run.newest);
  }

  void record(const std::vector<PuzzleWalk>& walks) {
    auto groups = records_of(*options.puzzle, walks,
                             {static_cast<std::uint64_t>(run.records),
                              static_cast<std::uint64_t>(run.updates),
                              run.target_version,
                              options.deterministic ? 0 : now_us(),
                              {config().name, kHeadNode, QSTAR_VERSION}});
    run.records += static_cast<std::int64_t>(groups.size());
    if (!groups.empty()) ask(actors.replay, Insert{std::move(groups)}, [](const Inserted&) {});
  }

  void say(Report report) {
    report.row.values["cpu_seconds"] = cpu();
    report.row.values["wall_seconds"] = run.wall_seconds + now();
    report.status = progress->status(run, queues(), cpu());
    self->send(options.metrics, std::move(report));
  }

  // ---- the end, and checkpoints ----------------------------------------------------------------

  void finish() {
    busy = true;
    EnvironmentConfig environment = config().environment;
    PuzzleExperiment copy = config();
    std::map<std::string, std::string> metadata = {
        {"environment", print_config(describe_of(environment))},
        {"config_hash", config_hash(describe_of(copy))},
        {"seed", std::to_string(config().seed)},
        {"code_version", QSTAR_VERSION}};
    // No time in what has to be the same, byte for byte.
    if (!options.deterministic) metadata["cpu_seconds"] = std::to_string(cpu());
    ask(actors.learner, ExportPuzzle{std::move(metadata)}, [this](Bytes& model) {
      options.model = std::move(model.bytes);
      busy = false;
      run.finished = true;
      hand_out();
      rest();
    });
  }

  // What is under way or not yet fitted when the checkpoint is written is made again after a
  // restart. Leases that come home in between are in both lists, if they are.
  void rest() {
    saving = true;
    const auto next_task = dispatch->book().next_task();
    const auto out = dispatch->book().unfinished();
    ask(actors.replay, HeldTasks{}, [this, next_task, out](const Tasks& held) {
      std::set<std::uint64_t> unfinished(out.begin(), out.end());
      unfinished.insert(held.tasks.begin(), held.tasks.end());
      ask(actors.learner, SaveState{}, [this, next_task, unfinished](Bytes& learner) {
        PuzzleRunState state = snapshot();
        state.next_task = next_task;
        state.unfinished.assign(unfinished.begin(), unfinished.end());
        save(state, std::move(learner.bytes));
      });
    });
  }

  PuzzleRunState snapshot() const {
    PuzzleRunState state = run;
    state.cpu_seconds = cpu();
    state.wall_seconds += now();
    return state;
  }

  void save(const PuzzleRunState& state, std::string learner) {
    CheckpointParts parts = {{"run.json", qstar::save(state)}, {"learner", std::move(learner)}};
    if (run.finished) parts["model"] = options.model;
    if (!write(parts)) return;
    if (run.finished || stopping) return conclude(!run.finished);
    advance();
  }

  void conclude(bool interrupted) { end_session({snapshot(), options.model, interrupted}); }

  void tick() {
    if (auto there = control.intact(); !there) return failed(there.error());
    if (log_returned(dispatch->book().expire(now()), "lease expired")) hand_out();
    if (busy && (told_to_stop() || now() - slice_began > kSlice)) {
      self->send(actors.learner, Release{});
      if (actors.replay) self->send(actors.replay, Release{});
    }
    if (told_to_stop()) advance();
    self->delayed_send(self, kTick, caf::tick_atom::value);
  }
};

PuzzleCoordinator::behavior_type coordinator(
    PuzzleCoordinator::stateful_pointer<PuzzleCoordinatorState> self,
    PuzzleCoordinatorOptions options, std::shared_ptr<std::promise<Result<PuzzleRunEnd>>> end) {
  explain_exceptions(*self);
  auto& s = self->state;
  s.self = self;
  s.options = std::move(options);
  s.control = s.options.control;
  s.end = std::move(end);
  s.run = s.options.state;
  s.serial = s.options.first_serial;
  s.stale_before = s.run.dropped_stale;
  s.dispatch = std::make_unique<PuzzleDispatch>(s.config());
  s.progress = std::make_unique<PuzzleProgress>(s.config());
  s.roster = spawn_roster(*self, s.options.metrics, s.control.stop);
  s.dispatch->book().restart_at(s.run.next_task);
  for (const auto task : s.run.unfinished) s.dispatch->book().give_back(task);
  self->set_down_handler([&s](const caf::down_msg& message) { s.down(message); });
  self->set_exit_handler([&s](const caf::exit_msg& message) {
    if (message.reason == caf::exit_reason::user_shutdown) return s.self->quit();
    s.failed(error_of(message.reason));
  });
  return {
      [&s](const Join& join) {
        s.self->send(s.roster, Arrival{join.node, s.self->current_sender()});
        return Welcome{print_config(describe_of(s.options.config)), kPuzzleExperiment};
      },
      [&s](const ScrambleRequest& request) { return s.work(request); },
      [&s](InsertExamples& message) { return s.insert(message); },
      [&s](const WeightsRequest& request) { return s.weights(request); },
      [&s](const ExampleStatus& status) { s.taken(status); },
      [&s](caf::tick_atom) { s.tick(); },
      [&s](const PuzzleWiring& wiring) { s.wire(wiring); },
  };
}

}  // namespace

PuzzleCoordinator spawn_puzzle_coordinator(
    caf::actor_system& system, PuzzleCoordinatorOptions options,
    std::shared_ptr<std::promise<Result<PuzzleRunEnd>>> end) {
  return system.spawn<caf::detached>(coordinator, std::move(options), std::move(end));
}

}  // namespace qstar

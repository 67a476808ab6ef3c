#include "actors/coordinator.hpp"

#include <deque>
#include <set>

#include "actors/ask_in_turns.hpp"
#include "actors/dispatch.hpp"
#include "actors/progress.hpp"

namespace qstar {
namespace {

using nlohmann::json;
constexpr std::int64_t kPretrainSlice = 25;  // optimiser steps between progress lines
constexpr std::int64_t kReference = 500;     // attempts of the base that the critic is judged by
constexpr std::chrono::milliseconds kTick{100};

struct CoordinatorState : LeadingState<Coordinator::pointer, RunEnd> {
  CoordinatorOptions options;
  Wiring actors;
  std::unique_ptr<Dispatch> dispatch;
  std::unique_ptr<Progress> progress;
  RunState run;
  ReplayStatus replay;
  std::vector<AttemptGroup> reference;  // the base's attempts at held-out problems
  struct WaitingWork {
    std::string holder;
    caf::typed_response_promise<Lease> promise;
  };
  std::deque<WaitingWork> waiting;
  std::set<caf::actor_addr> monitored;
  bool policy_busy = false, critic_busy = false;
  PendingEvaluations evaluations;

  const ExperimentConfig& config() const { return options.config; }
  double cpu() const { return run.cpu_seconds + process_cpu_seconds() - cpu_at_start; }
  std::uint64_t total_versions() const {
    return static_cast<std::uint64_t>(config().rl.versions) + 1;
  }

  void say(Report report) {
    report.row.values["cpu_seconds"] = cpu();
    report.row.values["wall_seconds"] = run.wall_seconds + now();
    report.status = progress->status(run, replay, queues());
    self->send(options.metrics, std::move(report));
  }

  Queues queues() const {
    return {static_cast<std::int64_t>(dispatch->book().outstanding()),
            static_cast<std::int64_t>(waiting.size()), evaluations.size()};
  }

  // ---- work and weights ------------------------------------------------------------------------

  caf::result<Lease> work(const WorkRequest& request) {
    const auto sender = self->current_sender();
    const std::string holder = caf::to_string(sender);
    if (sender && monitored.insert(sender->address()).second) self->monitor(sender->address());
    note_node(holder, request.node);
    keep_newest(waiting, WaitingWork{holder, self->make_response_promise<Lease>()},
                [&](const WaitingWork& w) { return w.holder == holder; });
    auto promise = waiting.back().promise;
    hand_out();
    return promise;
  }

  bool may_lease() const {
    if (run.phase != Phase::kReinforce || dispatch->weights().newest() == 0) return false;
    const auto& book = dispatch->book();
    if (options.deterministic) {
      const bool at_rest =
          !policy_busy && !critic_busy && !saving && critic_due() <= 0 && book.outstanding() == 0;
      return at_rest && (book.returned() > 0 || book.next_task() < round_end());
    }
    const auto room = replay.insertable - book.outstanding() * config().rollout.lease_groups;
    return room >= config().rollout.lease_groups;
  }

  // Deterministic mode: tasks below this number belong to the versions so far.
  std::uint64_t round_end() const { return run.version * leases_per_version(config()); }

  void hand_out() {
    while (!waiting.empty() && (run.phase == Phase::kFinished || may_lease())) {
      auto next = std::move(waiting.front());
      waiting.pop_front();
      if (run.phase == Phase::kFinished) {
        next.promise.deliver(Lease{});
        continue;
      }
      auto lease = dispatch->lease(*options.environment, next.holder, now());
      log_lease(LogLevel::kDebug, "lease granted", lease.task, next.holder);
      next.promise.deliver(std::move(lease));
    }
  }

  void task_done(const TaskDone& done) {
    if (dispatch->book().done(done.task)) {
      run.generated_tokens += done.tokens;
      run.attempts += done.attempts;
      run.wins += done.wins;
      run.lucky += done.lucky;
    }
    hand_out();
    advance();
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
    std::erase_if(waiting, [&](const WaitingWork& w) { return w.holder == holder; });
    hand_out();
  }

  // ---- the phases ------------------------------------------------------------------------------

  void wire(const Wiring& wiring) {
    actors = wiring;
    self->link_to(actors.learner);
    self->link_to(actors.critic);
    self->link_to(actors.replay);
    self->link_to(actors.evaluator);
    if (run.version > 0) dispatch->weights().publish(run.version, options.model);
    if (run.phase == Phase::kFinished && evaluations.empty())
      return conclude(false);  // only its report may be missing
    self->delayed_send(self, kTick, caf::tick_atom::value);
    for (const auto& [number, evaluation] : evaluations.all()) measure(number, evaluation);
    hand_out();
    advance();
  }

  // Starts whatever may start now. Called after every event; does nothing when all is under way.
  void advance() {
    if (begins_to_stop())
      say(report_of("stop", run.version, "stopping: finishing the update under way and saving"));
    if (ended || saving) return;
    if (checkpoint_due()) return rest();
    train_critic();
    if (policy_busy) return;
    switch (run.phase) {
      case Phase::kPretrain:
        return run.pretrain_steps < config().pretrain.steps ? pretrain() : base();
      case Phase::kReinforce: return run.version < total_versions() ? train() : finish();
      case Phase::kFinished: return;
    }
  }

  bool checkpoint_due() const {
    if (stopping) return true;
    return run.phase != Phase::kFinished && unsaved &&
           since_checkpoint() >= config().checkpoint.seconds;
  }

  void pretrain() {
    policy_busy = true;
    const auto steps = std::min(kPretrainSlice, config().pretrain.steps - run.pretrain_steps);
    const auto begun = now();
    ask(actors.learner, Pretrain{run.pretrain_steps, steps}, [this, begun](const Trained& t) {
      policy_busy = false;
      unsaved = true;
      run.pretrain_steps += t.updates;
      run.pretrain_tokens += static_cast<std::uint64_t>(t.tokens);
      if (t.updates > 0) say(progress->pretrained(run, t, now() - begun));
      advance();
    });
  }

  // The base policy becomes version 1; its figures are the starting point of the story.
  void base() {
    policy_busy = true;
    ask(actors.learner, ExportModel{}, [this](Bytes& model) {
      policy_busy = false;
      run.version = 1;
      run.phase = Phase::kReinforce;
      self->send(actors.critic, StartCritic{model.bytes});
      dispatch->weights().publish(run.version, std::move(model.bytes));
      evaluate("base", false, config().evaluation.problems);
      evaluate("base", true, config().evaluation.problems);
      hand_out();
      advance();
    });
  }

  void train() {
    if (options.deterministic && dispatch->book().next_task() < round_end()) return hand_out();
    if (options.deterministic && dispatch->book().outstanding() + dispatch->book().returned() > 0)
      return;
    if (options.deterministic && critic_busy) return;
    policy_busy = true;
    const Train request{run.policy_updates, version_end(run, config()) - run.policy_updates,
                        oldest_allowed(run, config()), options.deterministic};
    ask(actors.learner, request, [this](const Trained& t) { trained(t); });
  }

  void trained(const Trained& t) {
    run.policy_updates += t.updates;
    run.trained_tokens += static_cast<std::uint64_t>(t.tokens);
    if (run.policy_updates < version_end(run, config())) {  // released, so as to stop
      policy_busy = false;
      return advance();
    }
    ask(actors.learner, ExportModel{}, [this, t](Bytes& model) {
      policy_busy = false;
      unsaved = true;
      ++run.version;
      dispatch->weights().publish(run.version, std::move(model.bytes));
      if ((run.version - 1) % static_cast<std::uint64_t>(config().evaluation.curve_every) == 0)
        evaluate("curve", false, config().evaluation.curve_problems);
      say(progress->trained(run, t, replay, queues(), now()));
      hand_out();
      advance();
    });
  }

  std::int64_t critic_due() const { return qstar::critic_due(run, config()); }

  void train_critic() {
    if (critic_busy || critic_due() <= 0) return;
    critic_busy = true;
    const auto updates = next_critic_updates(run, config());
    ask(actors.critic, Train{run.critic_updates, updates, 0, true}, [this](const Trained& t) {
      unsaved = true;
      run.critic_updates += t.updates;
      run.trained_tokens += static_cast<std::uint64_t>(t.tokens);
      const auto rounds = run.critic_updates / config().critic.updates_per_version;
      const bool whole = run.critic_updates % config().critic.updates_per_version == 0;
      if (whole && rounds % config().evaluation.curve_every == 0)
        return assess_critic(t.tokens > 0 ? std::optional(t.loss) : std::nullopt);
      critic_busy = false;
      advance();
    });
  }

  void assess_critic(std::optional<double> loss) {
    ask(actors.critic, Assess{reference}, [this, loss](const Trained& figures) {
      critic_busy = false;
      run.critic = figures.values;
      say(progress->criticised(run, loss));
      advance();
    });
  }

  void evaluate(const std::string& what, bool sampled, std::int64_t problems) {
    const json point = {{"policy_version", run.version},
                        {"generated_tokens", run.generated_tokens},
                        {"cpu_seconds", cpu()}};
    const auto number =
        evaluations.add({what, sampled, problems, point, dispatch->weights().newest_model()});
    measure(number, evaluations.all().at(number));
  }

  void measure(std::uint64_t number, const PendingEvaluation& e) {
    const bool base = e.what == "base" && e.sampled;
    ask(actors.evaluator, Evaluate{e.model, e.problems, e.sampled, base ? kReference : 0},
        [this, number](Evaluated& figures) {
          if (figures.stopped) return;
          const auto done = evaluations.take(number);
          if (!figures.kept.empty()) reference = std::move(figures.kept);
          record(run, done.what, done.sampled, done.point, figures);
          say(Progress::evaluated(done.what, done.sampled, done.point["policy_version"], figures));
          if (run.phase == Phase::kFinished) finish();
          advance();
        });
  }

  // Final figures once, then the last checkpoint, then the end.
  void finish() {
    if (critic_busy || !evaluations.empty()) return;
    if (run.phase != Phase::kFinished) {
      run.phase = Phase::kFinished;
      hand_out();
      evaluate("final", false, config().evaluation.problems);
      evaluate("final", true, config().evaluation.problems);
      return;
    }
    rest();
  }

  // ---- checkpoints -----------------------------------------------------------------------------

  void rest() {
    if (policy_busy || critic_busy || saving) return;
    if (!evaluations.empty() && !stopping) return;
    saving = true;
    ask(actors.learner, SaveState{}, [this](Bytes& policy) {
      ask(actors.critic, SaveState{},
          [this, policy = std::move(policy.bytes)](Bytes& critic) mutable {
            ask(actors.replay, SaveState{},
                [this, policy = std::move(policy),
                 critic = std::move(critic.bytes)](Bytes& tables) mutable {
                  save({{"policy", std::move(policy)},
                        {"critic", std::move(critic)},
                        {"replay", std::move(tables.bytes)}});
                });
          });
    });
  }

  RunState snapshot() const {
    RunState state = run;
    state.next_task = dispatch->book().next_task();
    state.unfinished = dispatch->book().unfinished();
    state.cpu_seconds = cpu();
    state.wall_seconds += now();
    return state;
  }

  void save(CheckpointParts parts) {
    const std::string model = run.version > 0 ? dispatch->weights().newest_model() : "";
    auto state = snapshot();
    state.evaluations = evaluations.save(model, parts);
    parts["run.json"] = qstar::save(state);
    parts["reference"] = pack(reference);
    if (run.version > 0) parts["model"] = model;
    if (!write(parts)) return;
    const bool finished = run.phase == Phase::kFinished && evaluations.empty();
    if (finished || stopping) return conclude(!finished);
    advance();
  }

  void conclude(bool interrupted) {
    if (ended) return;
    saving = true;  // nothing else begins
    ask(actors.critic, ExportModel{}, [this, interrupted](Bytes& critic) {
      end_session({snapshot(), run.version > 0 ? dispatch->weights().newest_model() : std::string(),
                   std::move(critic.bytes), interrupted});
    });
  }

  void tick() {
    if (auto there = control.intact(); !there) return failed(there.error());
    if (log_returned(dispatch->book().expire(now()), "lease expired")) hand_out();
    if (told_to_stop()) {
      self->send(actors.replay, Release{});
      advance();
    }
    self->delayed_send(self, kTick, caf::tick_atom::value);
  }
};

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
  s.dispatch = std::make_unique<Dispatch>(s.config(), s.options.deterministic);
  s.progress = std::make_unique<Progress>(s.config());
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
        return Welcome{print_config(describe_of(s.options.config)), kTextExperiment};
      },
      [&s](const WorkRequest& request) { return s.work(request); },
      [&s](const TaskDone& done) { s.task_done(done); },
      [&s](const WeightsRequest& request) { return s.weights(request); },
      [&s](Score& request) { return s.self->delegate(s.actors.critic, std::move(request)); },
      [&s](Insert& request) { return s.self->delegate(s.actors.replay, std::move(request)); },
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

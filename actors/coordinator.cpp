#include "actors/coordinator.hpp"

#include "actors/coordinator_state.hpp"
#include "actors/executors.hpp"
#include "search/evaluate.hpp"

namespace qstar {
namespace {

constexpr std::int64_t kPretrainSlice = 25;  // optimiser steps between progress lines
constexpr std::int64_t kReference = 500;     // attempts of the base that the critic is judged by
constexpr std::chrono::milliseconds kTick{100};

}  // namespace

void CoordinatorState::wire(const Wiring& wiring) {
  actors = wiring;
  self->link_to(actors.learner);
  self->link_to(actors.critic);
  self->link_to(actors.replay);
  if (run.version > 0) publish(options.model);
  if (run.phase == Phase::kFinished && evaluations.empty())
    return conclude(false);  // only its report may be missing
  self->delayed_send(self, kTick, caf::tick_atom::value);
  for (const auto& [number, evaluation] : evaluations.all()) measure(number, evaluation);
  hand_out();
  advance();
}

void CoordinatorState::advance() {
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

bool CoordinatorState::checkpoint_due() const {
  if (stopping) return true;
  return run.phase != Phase::kFinished && unsaved &&
         since_checkpoint() >= config().checkpoint.seconds;
}

void CoordinatorState::pretrain() {
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

void CoordinatorState::base() {
  policy_busy = true;
  ask(actors.learner, ExportModel{}, [this](Bytes& exported) {
    policy_busy = false;
    run.version = 1;
    run.phase = Phase::kReinforce;
    self->send(actors.critic, StartCritic{exported.bytes});
    publish(std::move(exported.bytes));
    evaluate("base", false, config().evaluation.problems);
    evaluate("base", true, config().evaluation.problems);
    hand_out();
    advance();
  });
}

void CoordinatorState::train() {
  if (options.deterministic && book->next_task() < round_end()) return hand_out();
  if (options.deterministic && under_way() + book->returned() > 0) return;
  if (options.deterministic && critic_busy) return;
  policy_busy = true;
  const Train request{run.policy_updates, version_end(run, config()) - run.policy_updates,
                      oldest_allowed(run, config()), options.deterministic};
  ask(actors.learner, request, [this](const Trained& t) { trained(t); });
}

void CoordinatorState::trained(const Trained& t) {
  run.policy_updates += t.updates;
  run.trained_tokens += static_cast<std::uint64_t>(t.tokens);
  if (run.policy_updates < version_end(run, config())) {  // released, so as to stop
    policy_busy = false;
    return advance();
  }
  ask(actors.learner, ExportModel{}, [this, t](Bytes& exported) {
    policy_busy = false;
    unsaved = true;
    ++run.version;
    publish(std::move(exported.bytes));
    if ((run.version - 1) % static_cast<std::uint64_t>(config().evaluation.curve_every) == 0)
      evaluate("curve", false, config().evaluation.curve_problems);
    say(progress->trained(run, t, replay, queues(), now()));
    hand_out();
    advance();
  });
}

std::int64_t CoordinatorState::critic_due() const { return qstar::critic_due(run, config()); }

void CoordinatorState::train_critic() {
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

void CoordinatorState::assess_critic(std::optional<double> loss) {
  ask(actors.critic, Assess{reference}, [this, loss](const Trained& figures) {
    critic_busy = false;
    run.critic = figures.values;
    say(progress->criticised(run, loss));
    advance();
  });
}

void CoordinatorState::evaluate(const std::string& what, bool sampled, std::int64_t problems) {
  const nlohmann::json point = {{"policy_version", run.version},
                                {"generated_tokens", run.generated_tokens},
                                {"cpu_seconds", cpu()}};
  const auto number = evaluations.add({what, sampled, problems, point, model});
  measure(number, evaluations.all().at(number));
}

void CoordinatorState::measure(std::uint64_t number, const PendingEvaluation& e) {
  AttemptTask task;
  task.policy.hash = models.publish(e.model);
  task.search = e.sampled ? "sample" : "greedy";
  task.problems = first_held_out(e.problems);
  task.how.max_tokens = static_cast<std::int32_t>(config().rollout.max_tokens);
  task.how.seed = derive_seed(static_cast<std::uint64_t>(config().seed), "evaluation");
  evaluation_tasks->begin(number, parts_of(task));
  hand_out();
}

std::vector<std::string> CoordinatorState::first_held_out(std::int64_t n) {
  const auto& e = config().evaluation;
  if (held_out.empty())
    held_out = held_out_problems(*options.environment, std::max(e.problems, e.curve_problems));
  const auto most = std::min(held_out.size(), static_cast<std::size_t>(n));
  return {held_out.begin(), held_out.begin() + static_cast<std::ptrdiff_t>(most)};
}

void CoordinatorState::evaluated(EvaluationTasks::Complete complete) {
  if (told_to_stop()) return;  // it stays in the checkpoint, and is measured when the run resumes
  const auto done = evaluations.take(complete.evaluation);
  const bool base = done.what == "base" && done.sampled;
  auto figures = evaluated_of(std::move(complete.results), base ? kReference : 0);
  if (!figures.kept.empty()) reference = std::move(figures.kept);
  record(run, done.what, done.sampled, done.point, figures);
  say(Progress::evaluated(done.what, done.sampled, done.point["policy_version"], figures));
  if (run.phase == Phase::kFinished) finish();
  advance();
}

void CoordinatorState::finish() {
  if (critic_busy || !evaluations.empty()) return;
  if (run.phase != Phase::kFinished) {
    run.phase = Phase::kFinished;
    evaluate("final", false, config().evaluation.problems);
    evaluate("final", true, config().evaluation.problems);
    return;
  }
  rest();
}

void CoordinatorState::rest() {
  if (policy_busy || critic_busy || saving) return;
  if (!evaluations.empty() && !stopping) return;
  saving = true;
  ask(actors.learner, SaveState{}, [this](Bytes& learner) {
    ask(actors.critic, SaveState{},
        [this, learned = std::move(learner.bytes)](Bytes& critic) mutable {
          ask(actors.replay, SaveState{},
              [this, learned = std::move(learned),
               critic = std::move(critic.bytes)](Bytes& tables) mutable {
                save({{"policy", std::move(learned)},
                      {"critic", std::move(critic)},
                      {"replay", std::move(tables.bytes)}});
              });
        });
  });
}

RunState CoordinatorState::snapshot() const {
  RunState state = run;
  state.next_task = book->next_task();
  state.unfinished = book->unfinished();
  state.unfinished.insert(state.unfinished.end(), storing.begin(), storing.end());
  state.cpu_seconds = cpu();
  state.wall_seconds += now();
  return state;
}

void CoordinatorState::save(CheckpointParts parts) {
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

void CoordinatorState::conclude(bool interrupted) {
  if (ended) return;
  saving = true;  // nothing else begins
  over = true;
  hand_out();
  ask(actors.critic, ExportModel{}, [this, interrupted](Bytes& critic) {
    end_session({snapshot(), model, std::move(critic.bytes), interrupted});
  });
}

void CoordinatorState::tick() {
  if (auto there = control.intact(); !there) return failed(there.error());
  if (log_returned(book->expire(now()), "lease expired")) hand_out();
  took_back(evaluation_tasks->pool().expire(now()), "lease expired");
  hand_out();
  if (told_to_stop()) {
    self->send(actors.replay, Release{});
    advance();
  }
  self->delayed_send(self, kTick, caf::tick_atom::value);
}

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

// The state of the coordinator of a text experiment; coordinator.hpp says what it does.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/coordinator.hpp"
#include "actors/dispatch.hpp"
#include "actors/progress.hpp"
#include "actors/published_models.hpp"
#include "search/evaluate.hpp"

namespace qstar {

inline constexpr std::int64_t kPretrainSlice = 25;  // optimiser steps between progress lines
inline constexpr std::int64_t kReference =
    500;  // attempts of the base that the critic is judged by
inline constexpr std::chrono::milliseconds kCoordinatorTick{100};

struct CoordinatorState : LeadingState<Coordinator::pointer, RunEnd> {
  CoordinatorOptions options;
  Wiring actors;
  std::unique_ptr<LeaseBook> book;                    // of rollouts
  std::unique_ptr<EvaluationTasks> evaluation_tasks;  // of `evaluations`
  std::unique_ptr<Progress> progress;
  PublishedModels models;
  PolicyRef policy;                             // the newest version
  std::map<std::uint64_t, ModelHash> policies;  // of this session, by version
  std::string model;                            // its bytes
  RunState run;
  ReplayStatus replay;
  std::vector<AttemptGroup> reference;  // the base's attempts at held-out problems
  std::vector<std::string> held_out;    // as many as any evaluation needs
  struct WaitingExecutor {
    std::string holder;
    caf::typed_response_promise<TaskLease> promise;
  };
  std::deque<WaitingExecutor> waiting;
  std::set<caf::actor_addr> monitored;
  std::set<std::uint64_t> storing;        // rollouts on their way into the store
  std::map<std::uint64_t, int> failures;  // of rollouts
  bool policy_busy = false, critic_busy = false;
  bool evaluation_next = false;  // rollouts and evaluations take turns
  bool over = false;             // no more work: executors are sent home
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

  std::int64_t under_way() const {
    return book->outstanding() + static_cast<std::int64_t>(storing.size());
  }

  Queues queues() const {
    return {under_way(), static_cast<std::int64_t>(waiting.size()), evaluations.size()};
  }

  // ---- tasks and models (coordinator_tasks.cpp) -----------------------------------------------

  caf::result<TaskLease> work(const TaskRequest& request);
  bool may_roll_out() const;
  // Deterministic mode: rollouts below this number belong to the versions so far.
  std::uint64_t round_end() const;
  void hand_out();
  std::optional<TaskLease> next_lease(const std::string& holder);
  TaskLease evaluation_lease(const std::string& holder);
  TaskLease rollout_lease(const std::string& holder);
  void finished(const TaskFinished& message);
  // Judged attempts: the critic values them before it has learned from them, then they are stored.
  void store(std::uint64_t task, std::vector<SearchResult> found, const std::string& holder);
  // Counts what the store did not have, so that the counters are the store's.
  void insert(std::uint64_t task, std::vector<AttemptGroup> groups);
  void rollout_failed(std::uint64_t task, const Error& why, const std::string& holder);
  void evaluation_failed(std::uint64_t task, const Error& why, const std::string& holder);
  caf::result<ModelPiece> piece(const ModelRequest& request) const;
  void publish(std::string bytes);
  void down(const caf::down_msg& message);
  void took_back(const std::vector<TaskPool::Returned>& leases, std::string_view why);

  // ---- the phases ------------------------------------------------------------------------------

  void wire(const Wiring& wiring) {
    actors = wiring;
    self->link_to(actors.learner);
    self->link_to(actors.critic);
    self->link_to(actors.replay);
    if (run.version > 0) publish(options.model);
    if (run.phase == Phase::kFinished && evaluations.empty())
      return conclude(false);  // only its report may be missing
    self->delayed_send(self, kCoordinatorTick, caf::tick_atom::value);
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

  void train() {
    if (options.deterministic && book->next_task() < round_end()) return hand_out();
    if (options.deterministic && under_way() + book->returned() > 0) return;
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
    const nlohmann::json point = {{"policy_version", run.version},
                                  {"generated_tokens", run.generated_tokens},
                                  {"cpu_seconds", cpu()}};
    const auto number = evaluations.add({what, sampled, problems, point, model});
    measure(number, evaluations.all().at(number));
  }

  void measure(std::uint64_t number, const PendingEvaluation& e) {
    AttemptTask task;
    task.policy.hash = models.publish(e.model);
    task.search = e.sampled ? "sample" : "greedy";
    task.problems = first_held_out(e.problems);
    task.how.max_tokens = static_cast<std::int32_t>(config().rollout.max_tokens);
    task.how.seed = derive_seed(static_cast<std::uint64_t>(config().seed), "evaluation");
    evaluation_tasks->begin(number, parts_of(task));
    hand_out();
  }

  std::vector<std::string> first_held_out(std::int64_t n) {
    const auto& e = config().evaluation;
    if (held_out.empty())
      held_out = held_out_problems(*options.environment, std::max(e.problems, e.curve_problems));
    const auto most = std::min(held_out.size(), static_cast<std::size_t>(n));
    return {held_out.begin(), held_out.begin() + static_cast<std::ptrdiff_t>(most)};
  }

  void evaluated(EvaluationTasks::Complete complete) {
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

  // Final figures once, then the last checkpoint, then the end.
  void finish() {
    if (critic_busy || !evaluations.empty()) return;
    if (run.phase != Phase::kFinished) {
      run.phase = Phase::kFinished;
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

  RunState snapshot() const {
    RunState state = run;
    state.next_task = book->next_task();
    state.unfinished = book->unfinished();
    state.unfinished.insert(state.unfinished.end(), storing.begin(), storing.end());
    state.cpu_seconds = cpu();
    state.wall_seconds += now();
    return state;
  }

  void save(CheckpointParts parts) {
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
    over = true;
    hand_out();
    ask(actors.critic, ExportModel{}, [this, interrupted](Bytes& critic) {
      end_session({snapshot(), model, std::move(critic.bytes), interrupted});
    });
  }

  void tick() {
    if (auto there = control.intact(); !there) return failed(there.error());
    if (log_returned(book->expire(now()), "lease expired")) hand_out();
    took_back(evaluation_tasks->pool().expire(now()), "lease expired");
    hand_out();
    if (told_to_stop()) {
      self->send(actors.replay, Release{});
      advance();
    }
    self->delayed_send(self, kCoordinatorTick, caf::tick_atom::value);
  }
};

}  // namespace qstar

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

namespace qstar {

struct CoordinatorState : LeadingState<Coordinator::pointer, RunEnd> {
  CoordinatorOptions options;
  Wiring actors;
  std::unique_ptr<LeaseBook> book;                    // of rollouts
  std::unique_ptr<EvaluationTasks> evaluation_tasks;  // of `evaluations`
  std::unique_ptr<Progress> progress;
  PublishedModels models;
  PolicyRef policy;                             // the newest version
  std::string model;                            // its bytes
  std::map<std::uint64_t, ModelHash> policies;  // of this session, by version
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

  void wire(const Wiring& wiring);
  // Starts whatever may start now. Called after every event; does nothing when all is under way.
  void advance();
  bool checkpoint_due() const;
  void pretrain();
  // The base policy becomes version 1; its figures are the starting point of the story.
  void base();
  void train();
  void trained(const Trained& t);
  std::int64_t critic_due() const;
  void train_critic();
  void assess_critic(std::optional<double> loss);
  void evaluate(const std::string& what, bool sampled, std::int64_t problems);
  void measure(std::uint64_t number, const PendingEvaluation& e);
  std::vector<std::string> first_held_out(std::int64_t n);
  void evaluated(EvaluationTasks::Complete complete);
  // Final figures once, then the last checkpoint, then the end.
  void finish();

  // ---- checkpoints -----------------------------------------------------------------------------

  void rest();
  RunState snapshot() const;
  void save(CheckpointParts parts);
  void conclude(bool interrupted);
  void tick();
};

}  // namespace qstar

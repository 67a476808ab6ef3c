#include "actors/head.hpp"

#include <fmt/format.h>

#include "actors/executors.hpp"
#include "actors/run_report.hpp"
#include "actors/session_start.hpp"
#include "persistence/shelf.hpp"

namespace qstar {
namespace {

const RunKind kTextRun{
    "text",
    "an experiment on text",
    {"rl.versions", "rollout.actors", "rollout.lease_seconds", "rollout.keep_weights_mb",
     "replay.capacity", "replay.sync", "checkpoint.", "restart."}};

// What a session begins from.
struct Start {
  RunState state;
  CheckpointParts parts;
  std::string folder;  // of the checkpoint
  std::uint64_t serial = 1;
  std::vector<AttemptGroup> reference;
  PendingEvaluations evaluations;

  std::string part(const std::string& name) const {
    const auto it = parts.find(name);
    return it == parts.end() ? std::string() : it->second;
  }
};

Result<Start> load_start(const CheckpointDirectory& checkpoints, const RunDirectory& directory,
                         const HeadOptions& options) {
  auto loaded = load_checkpoint(checkpoints, directory, options);
  if (!loaded) return tl::unexpected(loaded.error());
  Start start;
  start.serial = loaded->serial + 1;
  if (loaded->serial == 0) return start;
  start.parts = std::move(loaded->parts);
  start.folder = std::move(loaded->folder);
  auto state = load_run_state(start.part("run.json"));
  if (!state) return tl::unexpected(state.error());
  start.state = std::move(*state);
  if (auto fits = extend(start.state, options.config); !fits) return tl::unexpected(fits.error());
  auto evaluations = PendingEvaluations::load(start.state.evaluations, start.parts);
  if (!evaluations) return tl::unexpected(evaluations.error());
  start.evaluations = std::move(*evaluations);
  start.state.evaluations = nlohmann::json::array();  // the coordinator has them now
  auto reference = unpack(start.part("reference"));
  if (!reference) return tl::unexpected(reference.error());
  start.reference = std::move(*reference);
  return start;
}

Result<ReplayBuffer> open_replay(const RunDirectory& directory, const HeadOptions& options,
                                 Start& start, ReplayOptions& replay) {
  std::string tables;
  if (const auto saved = start.part("replay"); !saved.empty()) {
    auto split = split_saved_replay(saved);
    if (!split) return tl::unexpected(split.error());
    replay.rng_state = split->rng_state;
    tables = std::move(split->tables);
  }
  auto buffer = ReplayBuffer::open(directory.file("store"), options.config.replay, tables,
                                   !options.deterministic);
  if (!buffer) return buffer;
  const auto unit = static_cast<std::uint64_t>(options.config.rollout.lease_groups);
  if (auto kept = check_kept(start.state, buffer->store(), unit); !kept)
    return tl::unexpected(kept.error());
  if (options.deterministic) return buffer;
  if (auto recovered = recover(start.state, buffer->store(), unit); !recovered)
    return tl::unexpected(recovered.error());
  return buffer;
}

// What a run that was stopped has kept, in words.
std::string kept_by(const RunState& run, const ExperimentConfig& config) {
  if (run.phase == Phase::kPretrain)
    return fmt::format("saved: {} of {} pre-training steps", run.pretrain_steps,
                       config.pretrain.steps);
  return fmt::format("saved: {} of {} versions of the policy, {} attempts", run.version - 1,
                     config.rl.versions, run.attempts);
}

class TextSession {
 public:
  TextSession(const HeadOptions& options, RunDirectory& directory, Gateway* gateway)
      : options_(options), directory_(directory), gateway_(gateway) {}

  Result<RunEnd> run() {
    auto checkpoints = std::make_shared<CheckpointDirectory>(directory_.file("checkpoints"),
                                                             options_.config.checkpoint.keep);
    auto start = load_start(*checkpoints, directory_, options_);
    if (!start) return tl::unexpected(start.error());
    if (auto found = find_environment(); !found) return tl::unexpected(found.error());
    ReplayOptions replay_options{
        static_cast<std::uint64_t>(options_.config.seed), options_.config.rollout.lease_groups, {}};
    auto buffer = open_replay(directory_, options_, *start, replay_options);
    if (!buffer) return tl::unexpected(buffer.error());
    auto network = plan_network(options_, directory_);
    if (!network) return tl::unexpected(network.error());
    if (auto adopted = adopt_changes(directory_, options_); !adopted)
      return tl::unexpected(adopted.error());
    CoordinatorOptions lead_options{options_.config,
                                    environment_,
                                    options_.deterministic,
                                    start->state,
                                    start->part("model"),
                                    start->reference,
                                    std::move(start->evaluations),
                                    control_of(options_, directory_, std::move(checkpoints)),
                                    start->serial,
                                    {}};
    auto shelf = Shelf::open(directory_.file("weights"),
                             {.keep_below_bytes = options_.config.rollout.keep_weights_mb << 20});
    if (!shelf) return tl::unexpected(shelf.error());
    lead_options.control.keep_model =
        [kept = std::make_shared<Shelf>(std::move(*shelf))](const std::string& bytes) {
          return kept->put(bytes).map([](const Sha256&) {});
        };
    const auto shared = std::make_shared<ReplayBuffer>(std::move(*buffer));
    const auto begin_replay = [&](caf::actor_system& system, const CoordinatorActor& listener) {
      return spawn_replay(system, std::move(*shared), replay_options, listener);
    };
    return lead(immortal_system(network->tls), *network, *start, std::move(lead_options),
                begin_replay);
  }

 private:
  using BeginReplay = std::function<ReplayActor(caf::actor_system&, const CoordinatorActor&)>;

  Status find_environment() {
    environment_ = options_.environment;
    if (environment_) return {};
    auto made = make_environment(options_.config.environment);
    if (!made) return tl::unexpected(made.error());
    environment_ = std::move(*made);
    return {};
  }

  // The actors use what lies below. An exception, for want of threads, would take it from under
  // them: it ends the process instead (cli/program.hpp).
  Result<RunEnd> lead(caf::actor_system& system, const Network& network, const Start& start,
                      CoordinatorOptions lead_options, const BeginReplay& begin_replay) noexcept {
    auto promise = std::make_shared<std::promise<Result<RunEnd>>>();
    auto future = promise->get_future();
    auto metrics = spawn_metrics(system, sink_of(options_, directory_, gateway_));
    lead_options.metrics = metrics;
    const Coordinator coordinator = spawn_coordinator(system, std::move(lead_options), promise);
    const CoordinatorActor face = coordinator;
    const auto replay = begin_replay(system, face);
    const LearnerLinks links{replay, options_.stop,
                             [this](std::string_view label, std::string_view json) {
                               return directory_.keep_batch(label, json);
                             }};
    Wiring wiring{
        spawn_policy_learner(system, options_.config, environment_,
                             {start.part("policy"), {}, start.folder + "/policy"}, links),
        spawn_critic(system, options_.config,
                     {start.part("critic"), start.part("model"), start.folder + "/critic"}, links),
        replay};
    caf::anon_send(coordinator, wiring);
    auto node_failure = std::make_shared<std::promise<Status>>();
    Watched watched{face, {}, node_failure->get_future()};
    // Asked for the first time when the port is open and the workers are started.
    watched.ended = [this, &future](std::chrono::milliseconds patience) {
      directory_.begin();
      return future.wait_for(patience) == std::future_status::ready;
    };
    const auto over = std::make_shared<std::atomic<bool>>(false);
    const auto node = spawn_executors(
        system, {"head", node_config_of(options_.config), environment_, {}, Stop([over] {
                   return over->load();
                 })},
        face, [node_failure](const Status& why) { node_failure->set_value(why); });
    const auto watching = watch(options_, options_.config.restart, network, watched);
    *over = true;  // what executors still compute is not wanted
    auto end = watching ? future.get() : tl::unexpected(watching.error());
    end_all(system,
            {caf::actor_cast<caf::actor>(coordinator), node, caf::actor_cast<caf::actor>(replay),
             caf::actor_cast<caf::actor>(wiring.learner),
             caf::actor_cast<caf::actor>(wiring.critic), caf::actor_cast<caf::actor>(metrics)});
    return end;
  }

  const HeadOptions& options_;
  RunDirectory& directory_;
  Gateway* gateway_;
  EnvironmentPtr environment_;
};

}  // namespace

Result<RunEnd> run_head(const HeadOptions& options) {
  if (auto possible = check(options); !possible) return tl::unexpected(possible.error());
  auto gateway = start_gateway(options);
  if (!gateway) return tl::unexpected(gateway.error());
  auto directory = open_run(options, options.config, kTextRun);
  if (!directory) return tl::unexpected(directory.error());
  RunEnd end;
  const auto session = [&]() -> Result<bool> {
    auto ended = TextSession(options, *directory, gateway->get()).run();
    if (!ended) return tl::unexpected(cause_of(ended.error(), *directory));
    end = std::move(*ended);
    if (end.interrupted) show_line(options, "stop", kept_by(end.state, options.config));
    return end.interrupted;
  };
  if (auto done = run_sessions(options, options.config.restart, session); !done)
    return tl::unexpected(done.error());
  const auto files = final_files(options.config, end, children_cpu_seconds());
  if (auto written = directory->conclude(files); !written) return tl::unexpected(written.error());
  return end;
}

}  // namespace qstar

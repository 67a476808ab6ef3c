#include "actors/puzzle_head.hpp"

#include <fmt/format.h>

#include "actors/session_start.hpp"
#include "serving/puzzle_report.hpp"

namespace qstar {
namespace {

const RunKind kPuzzleRun{"puzzle",
                         "an experiment on a puzzle",
                         {"training.updates", "training.cpu_seconds", "training.scramblers",
                          "training.lease_seconds", "checkpoint.", "restart."}};

// What a session begins from.
struct Start {
  PuzzleRunState state;
  RestoredPuzzle learner;
  std::string model;
  std::uint64_t serial = 1;
};

Result<Start> load_start(const CheckpointDirectory& checkpoints, const RunDirectory& directory,
                         const PuzzleHeadOptions& options) {
  auto loaded = load_checkpoint(checkpoints, directory, options);
  if (!loaded) return tl::unexpected(loaded.error());
  if (loaded->serial == 0) return Start{};
  auto state = load_puzzle_run_state(loaded->parts["run.json"]);
  if (!state) return tl::unexpected(state.error());
  if (auto fits = extend(*state, options.config); !fits) return tl::unexpected(fits.error());
  return Start{std::move(*state),
               {std::move(loaded->parts["learner"]), loaded->folder + "/learner"},
               std::move(loaded->parts["model"]),
               loaded->serial + 1};
}

class PuzzleSession {
 public:
  PuzzleSession(const PuzzleHeadOptions& options, PuzzlePtr puzzle, RunDirectory& directory,
                Gateway* gateway)
      : options_(options), puzzle_(std::move(puzzle)), directory_(directory), gateway_(gateway) {}

  Result<PuzzleRunEnd> run() {
    auto checkpoints = std::make_shared<CheckpointDirectory>(directory_.file("checkpoints"),
                                                             options_.config.checkpoint.keep);
    auto start = load_start(*checkpoints, directory_, options_);
    if (!start) return tl::unexpected(start.error());
    auto store = Store::open(directory_.file("store"), Store::Mode::kWrite);
    if (!store) return tl::unexpected(store.error());
    if (auto counted = go_on_behind(*store, start->state); !counted)
      return tl::unexpected(counted.error());
    auto network = plan_network(options_, directory_);
    if (!network) return tl::unexpected(network.error());
    if (auto adopted = adopt_changes(directory_, options_); !adopted)
      return tl::unexpected(adopted.error());
    PuzzleCoordinatorOptions lead{
        options_.config,         puzzle_,
        options_.deterministic,  std::move(start->state),
        std::move(start->model), control_of(options_, directory_, std::move(checkpoints)),
        start->serial,           {}};
    return lead_with(std::move(lead), *network, std::move(start->learner), std::move(*store));
  }

 private:
  // What a checkpoint's run recorded after it stays; the same again is recorded once only if it is
  // the same.
  Status go_on_behind(const Store& store, PuzzleRunState& state) const {
    if (options_.deterministic) return {};
    const auto ids = store.group_ids();
    if (!ids) return tl::unexpected(ids.error());
    if (!ids->empty())
      state.records = std::max(state.records, static_cast<std::int64_t>(ids->back()) + 1);
    return {};
  }

  // Lets no exception take from under the actors what they use: it ends the process instead.
  Result<PuzzleRunEnd> lead_with(PuzzleCoordinatorOptions lead, const Network& network,
                                 RestoredPuzzle learner_state, Store store) noexcept {
    auto& system = immortal_system(network.tls);
    const PuzzleExperiment& config = options_.config;
    auto promise = std::make_shared<std::promise<Result<PuzzleRunEnd>>>();
    auto future = promise->get_future();
    const auto metrics = spawn_metrics(system, sink_of(options_, directory_, gateway_));
    lead.metrics = metrics;
    const auto coordinator = spawn_puzzle_coordinator(system, std::move(lead), promise);
    const PuzzleCoordinatorActor face = coordinator;
    const auto replay = spawn_puzzle_replay(system, config, std::move(store), face);
    const auto learner = spawn_puzzle_learner(
        system, config, puzzle_, std::move(learner_state),
        {options_.deterministic ? PuzzleReplayActor() : replay, options_.stop});
    caf::anon_send(coordinator, PuzzleWiring{learner, replay});
    Watched watched{face, {}, {}};
    // Asked for the first time when the port is open and the workers are started.
    watched.ended = [this, &future](std::chrono::milliseconds patience) {
      directory_.begin();
      return future.wait_for(patience) == std::future_status::ready;
    };
    std::vector<caf::actor> actors = {
        caf::actor_cast<caf::actor>(coordinator), caf::actor_cast<caf::actor>(replay),
        caf::actor_cast<caf::actor>(learner), caf::actor_cast<caf::actor>(metrics)};
    if (!options_.deterministic) actors.push_back(scramblers(system, face, watched.node_ended));
    const auto watching = watch(options_, config.restart, network, watched);
    auto end = watching ? future.get() : tl::unexpected(watching.error());
    end_all(system, actors);
    return end;
  }

  caf::actor scramblers(caf::actor_system& system, const PuzzleCoordinatorActor& face,
                        std::future<Status>& ended) {
    auto promise = std::make_shared<std::promise<Status>>();
    ended = promise->get_future();
    return spawn_scramblers(system, {kHeadNode, options_.config, puzzle_}, face,
                            [promise](const Status& why) { promise->set_value(why); });
  }

  const PuzzleHeadOptions& options_;
  PuzzlePtr puzzle_;
  RunDirectory& directory_;
  Gateway* gateway_;
};

Status check_deterministic(const PuzzleHeadOptions& options) {
  if (!options.deterministic || options.config.training.cpu_seconds == 0) return {};
  return fail(Errc::kUsage,
              "--deterministic needs training.cpu_seconds = 0, since CPU time is never the same "
              "twice: limit training.updates instead");
}

std::vector<std::pair<std::string, std::string>> final_files(const PuzzleExperiment& config,
                                                             const PuzzleRunEnd& end) {
  const auto report = make_puzzle_report(config, end);
  return {{"model.safetensors", end.model},
          {"report.md", puzzle_report_markdown(report)},
          {"learning_curve.svg", solved_curve_of(report)},
          {"report.json", report.dump(2) + "\n"}};
}

}  // namespace

nlohmann::json make_puzzle_report(const PuzzleExperiment& config, const PuzzleRunEnd& end) {
  PuzzleExperiment copy = config;
  const PuzzleRunState& run = end.state;
  nlohmann::json last = run.newest;
  last["positions"] = config.learner.check_positions;
  last["moves"] = config.learner.check_moves;
  auto curve = run.curve.points;
  if (curve.empty() || curve.back().updates != run.newest.updates) curve.push_back(run.newest);
  return {{"name", config.name},
          {"puzzle", config.environment.name},
          {"seed", config.seed},
          {"config_hash", config_hash(describe_of(copy))},
          {"code_version", QSTAR_VERSION},
          {"final", last},
          {"curve", curve},
          {"network",
           {{"values", config.learner.network.values},
            {"first", config.learner.network.first},
            {"second", config.learner.network.second},
            {"blocks", config.learner.network.blocks}}},
          {"cost",
           {{"cpu_seconds", run.cpu_seconds},
            {"wall_seconds", run.wall_seconds},
            {"peak_memory_bytes", peak_resident_bytes()},
            {"updates", run.updates},
            {"examples", run.examples},
            {"target_versions", run.target_version},
            {"batches_dropped_stale", run.dropped_stale}}}};
}

Result<PuzzleRunEnd> run_puzzle_head(const PuzzleHeadOptions& options) {
  if (auto possible = check(options); !possible) return tl::unexpected(possible.error());
  if (auto possible = check_deterministic(options); !possible)
    return tl::unexpected(possible.error());
  const auto puzzle = make_puzzle(options.config.environment);
  if (!puzzle) return tl::unexpected(puzzle.error());
  auto gateway = start_gateway(options);
  if (!gateway) return tl::unexpected(gateway.error());
  auto directory = open_run(options, options.config, kPuzzleRun);
  if (!directory) return tl::unexpected(directory.error());
  PuzzleRunEnd end;
  const auto session = [&]() -> Result<bool> {
    auto ended = PuzzleSession(options, *puzzle, *directory, gateway->get()).run();
    if (!ended) return tl::unexpected(cause_of(ended.error(), *directory));
    end = std::move(*ended);
    if (end.interrupted)
      show_line(options, "stop",
                fmt::format("saved: {} of {} updates", end.state.updates,
                            options.config.training.updates));
    return end.interrupted;
  };
  if (auto done = run_sessions(options, options.config.restart, session); !done)
    return tl::unexpected(done.error());
  if (auto written = directory->conclude(final_files(options.config, end)); !written)
    return tl::unexpected(written.error());
  return end;
}

}  // namespace qstar

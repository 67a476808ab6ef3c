#include "actors/head.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "actors/node.hpp"
#include "actors/run_files.hpp"
#include "actors/system.hpp"
#include "actors/worker_processes.hpp"
#include "serving/gateway.hpp"

namespace qstar {
namespace {

using namespace std::chrono_literals;

// A full disk or a damaged file is the same after a restart.
bool restart_may_help(Errc code) { return code == Errc::kActorFailed || code == Errc::kTimeout; }

// What a session begins from.
struct Start {
  RunState state;
  CheckpointParts parts;
  std::uint64_t serial = 1;
  std::vector<AttemptGroup> reference;

  std::string part(const std::string& name) const {
    const auto it = parts.find(name);
    return it == parts.end() ? std::string() : it->second;
  }
};

Result<Start> load_start(const CheckpointDirectory& checkpoints, const HeadOptions& options) {
  Start start;
  auto loaded = checkpoints.load_newest();
  if (!loaded && loaded.error().code == Errc::kMissingFile) return start;  // nothing yet
  if (!loaded) return tl::unexpected(loaded.error());
  for (const auto& warning : loaded->warnings)
    options.show({{"checkpoint", loaded->serial, {}}, "warning: " + warning});
  start.serial = loaded->serial + 1;
  start.parts = std::move(loaded->parts);
  auto state = load_run_state(start.part("run.json"));
  if (!state) return tl::unexpected(state.error());
  start.state = std::move(*state);
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
  if (!buffer || options.deterministic) return buffer;
  const auto unit = static_cast<std::uint64_t>(options.config.rollout.lease_groups);
  if (auto recovered = recover(start.state, buffer->store(), unit); !recovered)
    return tl::unexpected(recovered.error());
  return buffer;
}

// What the command line asks for and cannot have, before anything is written.
Status check(const HeadOptions& options) {
  if (options.deterministic && (options.workers > 0 || !options.listen.empty())) {
    return fail(Errc::kUsage,
                "--deterministic runs in one process: leave out --workers and --listen");
  }
  if (options.workers == 0 && options.listen.empty()) {
    if (options.certificates.empty()) return {};
    return fail(Errc::kUsage, "--certs is for --listen or --workers: give one of them");
  }
  if (!options.certificates.empty()) {
    if (auto tls = find_certificates(options.certificates, "head"); !tls)
      return tl::unexpected(tls.error());
  }
  if (options.listen.empty()) return {};
  const auto listen = parse_host_port(options.listen);
  if (!listen) return tl::unexpected(listen.error());
  const bool loopback =
      listen->host == "127.0.0.1" || listen->host == "::1" || listen->host == "localhost";
  if (loopback || !options.certificates.empty()) return {};
  return fail(
      Errc::kUsage,
      fmt::format("listening on {} lets other machines in: make certificates with 'qstar certs "
                  "DIR' and give --certs DIR",
                  listen->host));
}

// The certificates that this run's processes trust each other by.
Result<std::string> certificates_of(const HeadOptions& options, const RunDirectory& directory) {
  if (!options.certificates.empty()) return options.certificates;
  const std::string private_ca = directory.file("certificates");
  std::error_code ignored;
  std::filesystem::remove_all(private_ca, ignored);
  if (auto made = make_certificates(private_ca, {}); !made) return tl::unexpected(made.error());
  return private_ca;
}

struct Network {
  HostPort listen{"127.0.0.1", 0};
  std::string certificates;
  std::optional<TlsPaths> tls;
};

Result<Network> plan_network(const HeadOptions& options, const RunDirectory& directory) {
  Network network;
  if (options.workers == 0 && options.listen.empty()) return network;
  if (!options.listen.empty()) {
    auto parsed = parse_host_port(options.listen);
    if (!parsed) return tl::unexpected(parsed.error());
    network.listen = *parsed;
  }
  auto certificates = certificates_of(options, directory);
  if (!certificates) return tl::unexpected(certificates.error());
  network.certificates = *certificates;
  auto tls = find_certificates(network.certificates, "head");
  if (!tls) return tl::unexpected(tls.error());
  network.tls = *tls;
  return network;
}

class Session {
 public:
  Session(const HeadOptions& options, RunDirectory& directory, Gateway* gateway)
      : options_(options), directory_(directory), gateway_(gateway) {}

  Result<RunEnd> run() {
    auto checkpoints = std::make_shared<CheckpointDirectory>(directory_.file("checkpoints"),
                                                             options_.config.checkpoint.keep);
    auto start = load_start(*checkpoints, options_);
    if (!start) return tl::unexpected(start.error());
    ReplayOptions replay_options{
        static_cast<std::uint64_t>(options_.config.seed), options_.config.rollout.lease_groups, {}};
    auto buffer = open_replay(directory_, options_, *start, replay_options);
    if (!buffer) return tl::unexpected(buffer.error());
    if (auto found = find_environment(); !found) return tl::unexpected(found.error());
    auto network = plan_network(options_, directory_);
    if (!network) return tl::unexpected(network.error());
    return lead(immortal_system(network->tls), *network, *start, std::move(checkpoints),
                std::move(*buffer), replay_options);
  }

 private:
  Status find_environment() {
    environment_ = options_.environment;
    if (environment_) return {};
    auto made = make_environment(options_.config.environment);
    if (!made) return tl::unexpected(made.error());
    environment_ = std::move(*made);
    return {};
  }

  Result<RunEnd> lead(caf::actor_system& system, const Network& network, const Start& start,
                      std::shared_ptr<CheckpointDirectory> checkpoints, ReplayBuffer buffer,
                      const ReplayOptions& replay_options) {
    auto promise = std::make_shared<std::promise<Result<RunEnd>>>();
    auto future = promise->get_future();
    auto metrics = spawn_metrics(system, [this](const Report& report) { show(report); });
    CoordinatorOptions lead_options{
        options_.config,     environment_,    options_.deterministic, start.state,
        start.part("model"), start.reference, std::move(checkpoints), start.serial,
        options_.stop,       metrics};
    const Coordinator coordinator = spawn_coordinator(system, std::move(lead_options), promise);
    const CoordinatorActor face = coordinator;
    const auto replay = spawn_replay(system, std::move(buffer), replay_options, face);
    Wiring wiring{
        spawn_policy_learner(system, options_.config, environment_, start.part("policy"), replay),
        spawn_critic(system, options_.config, start.part("model"), start.part("critic"), replay),
        replay, spawn_evaluator(system, options_.config, environment_)};
    caf::anon_send(coordinator, wiring);
    auto node_failure = std::make_shared<std::promise<Status>>();
    auto node_ended = node_failure->get_future();
    const auto node =
        spawn_node(system, {"head", options_.config, environment_, options_.deterministic}, face,
                   [node_failure](const Status& why) { node_failure->set_value(why); });
    auto end = wait(network, face, future, node_ended);
    end_all(
        system,
        {caf::actor_cast<caf::actor>(coordinator), node, caf::actor_cast<caf::actor>(replay),
         caf::actor_cast<caf::actor>(wiring.learner), caf::actor_cast<caf::actor>(wiring.critic),
         caf::actor_cast<caf::actor>(wiring.evaluator), caf::actor_cast<caf::actor>(metrics)});
    return end;
  }

  Result<RunEnd> wait(const Network& network, const CoordinatorActor& face,
                      std::future<Result<RunEnd>>& future, std::future<Status>& node_ended) {
    std::optional<WorkerProcesses> workers;
    Result<std::uint16_t> port = 0;
    if (network.tls) {
      port = publish(face, network.listen.host, network.listen.port);
      if (!port) return tl::unexpected(port.error());
      if (!options_.listen.empty())
        options_.show(
            {{"listen", *port, {}}, fmt::format("listening on {}:{}", network.listen.host, *port)});
      const std::string host = network.listen.host == "0.0.0.0" ? "127.0.0.1" : network.listen.host;
      workers.emplace(options_.worker_program, fmt::format("{}:{}", host, *port),
                      network.certificates, options_.workers, options_.config.restart);
    }
    auto end = watch(workers, future, node_ended);
    // The port is wanted again if the session is started again.
    if (!end && network.tls) close_port(face->home_system(), *port);
    return end;
  }

  // Until the coordinator, the node or the worker processes have come to an end.
  Result<RunEnd> watch(std::optional<WorkerProcesses>& workers, std::future<Result<RunEnd>>& future,
                       std::future<Status>& node_ended) {
    while (future.wait_for(100ms) != std::future_status::ready) {
      if (workers) {
        if (auto alive = workers->tend(); !alive) return tl::unexpected(alive.error());
      }
      // The session's own end, with its own reason, goes before what it did to the node.
      if (future.wait_for(0ms) == std::future_status::ready) break;
      if (node_ended.valid() && node_ended.wait_for(0ms) == std::future_status::ready) {
        // Also how a coordinator ends that died before it could say so.
        if (const auto why = node_ended.get(); !why)
          return fail(Errc::kActorFailed, why.error().message);
      }
    }
    return future.get();
  }

  void show(const Report& report) {
    directory_.append(report.row);
    if (gateway_ != nullptr) gateway_->publish(report.row, report.status);
    options_.show(report);
  }

  const HeadOptions& options_;
  RunDirectory& directory_;
  Gateway* gateway_;
  EnvironmentPtr environment_;
};

Result<std::unique_ptr<Gateway>> start_gateway(const HeadOptions& options) {
  if (options.http_port < 0) return std::unique_ptr<Gateway>();
  auto gateway = Gateway::start(
      {.address = options.http_address, .port = static_cast<std::uint16_t>(options.http_port)});
  if (gateway)
    options.show(
        {{"gateway", (*gateway)->port(), {}},
         fmt::format("gateway on http://{}:{}", options.http_address, (*gateway)->port())});
  return gateway;
}

std::string resume_command(const HeadOptions& options, const std::string& run) {
  std::string command = fmt::format("qstar train {0}/config.toml --run {0}", run);
  if (options.deterministic) command += " --deterministic";
  if (options.workers > 0) command += fmt::format(" --workers {}", options.workers);
  if (!options.listen.empty()) command += " --listen " + options.listen;
  if (!options.certificates.empty()) command += " --certs " + options.certificates;
  if (options.http_port >= 0) command += fmt::format(" --http {}", options.http_port);
  return command + " --resume";
}

}  // namespace

Result<RunEnd> run_head(const HeadOptions& options) {
  if (auto possible = check(options); !possible) return tl::unexpected(possible.error());
  auto gateway = start_gateway(options);
  if (!gateway) return tl::unexpected(gateway.error());
  auto directory = RunDirectory::open(options.run_directory, options.config, options.resume);
  if (!directory) return tl::unexpected(directory.error());
  RestartPolicy restarts(options.config.restart);
  for (;;) {
    auto end = Session(options, *directory, gateway->get()).run();
    if (end) {
      if (end->interrupted) {
        return fail(Errc::kInterrupted,
                    fmt::format("interrupted; everything is kept: go on with '{}'",
                                resume_command(options, directory->path())));
      }
      if (auto done = directory->conclude(options.config, *end, children_cpu_seconds()); !done)
        return tl::unexpected(done.error());
      return end;
    }
    if (!restart_may_help(end.error().code)) return end;
    const auto delay = restarts.failed(seconds_now());
    if (!delay)
      return fail(Errc::kActorFailed, "gave up after repeated failures: " + end.error().message);
    options.show({{"restart", static_cast<std::uint64_t>(restarts.failures()), {}},
                  "restarting from the newest checkpoint: " + end.error().message});
    std::this_thread::sleep_for(std::chrono::duration<double>(*delay));
  }
}

}  // namespace qstar

#include "actors/process/head_process.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "actors/actors.hpp"
#include "actors/process/roster.hpp"
#include "actors/process/worker_processes.hpp"
#include "core/clock.hpp"
#include "core/files.hpp"
#include "core/out_of_memory.hpp"
#include "core/shell_word.hpp"
#include "core/sockets.hpp"

namespace qstar::actors {
namespace {

using namespace std::chrono_literals;

// A full disk or a damaged file is the same after a restart.
bool restart_may_help(Errc code) { return code == Errc::kActorFailed || code == Errc::kTimeout; }

// The certificates that this run's processes trust each other by.
Result<std::string> certificates_of(const ProcessOptions& options, const RunDirectory& directory) {
  if (!options.certificates.empty()) return options.certificates;
  const std::string private_ca = directory.file("certificates");
  std::error_code ignored;
  std::filesystem::remove_all(private_ca, ignored);
  if (auto made = make_certificates(private_ca, {}); !made) return tl::unexpected(made.error());
  return private_ca;
}

// Until the coordinator, the node or the worker processes have come to an end.
Status supervise(std::optional<WorkerProcesses>& workers, Watched& watched) {
  while (!watched.ended(100ms)) {
    if (workers) {
      if (auto alive = workers->replace_dead(); !alive) return alive;
    }
    // The session's own end, with its own reason, goes before what it did to the node.
    if (watched.ended(0ms)) break;
    auto& node = watched.node_ended;
    if (node.valid() && node.wait_for(0ms) == std::future_status::ready) {
      // Also how a coordinator ends that died before it could say so.
      if (const auto why = node.get(); !why) return fail(Errc::kActorFailed, why.error().message);
    }
  }
  return {};
}

std::string resume_command(const ProcessOptions& options) {
  std::string command =
      fmt::format("qstar train {} --run {}", shell_word(options.run_directory + "/config.toml"),
                  shell_word(options.run_directory));
  if (options.workers > 0) command += fmt::format(" --workers {}", options.workers);
  if (!options.listen.empty()) command += " --listen " + shell_word(options.listen);
  if (!options.certificates.empty()) command += " --certs " + shell_word(options.certificates);
  if (options.http_port >= 0)
    command += fmt::format(" --http {} --http-address {}", options.http_port,
                           shell_word(options.http_address));
  return command + " --resume";
}

// --listen, as a numeric address.
Result<HostPort> listen_address(const ProcessOptions& options) {
  const auto parsed = parse_host_port(options.listen, AddressUse::kListen);
  if (!parsed) return fail(Errc::kUsage, "--listen: " + parsed.error().message);
  return resolve_listen(*parsed);
}

// Whether the port can be opened, before anything is written.
Status check_listen(const ProcessOptions& options) {
  const auto listen = listen_address(options);
  if (!listen) return tl::unexpected(listen.error());
  if (!is_loopback(listen->host) && options.certificates.empty()) {
    return fail(Errc::kUsage,
                fmt::format("--listen {} lets other machines in: make certificates with 'qstar "
                            "certs DIR' and give --certs DIR",
                            options.listen));
  }
  const bool same_address = listen->host == options.http_address ||
                            is_any_interface(listen->host) ||
                            is_any_interface(options.http_address);
  if (same_address && listen->port > 0 && options.http_port == listen->port) {
    return fail(Errc::kUsage, fmt::format("--http and --listen both name port {}: give each a port "
                                          "of its own",
                                          listen->port));
  }
  return try_listen(*listen);
}

// What was bound.
std::string announcement(const HostPort& bound) {
  const char* which = bound.host == "::"        ? ", all interfaces, IPv6 and IPv4"
                      : bound.host == "0.0.0.0" ? ", all interfaces, IPv4 only"
                                                : "";
  return fmt::format("listening on {}{}", print(bound), which);
}

std::string log_folder(const std::string& run_directory) { return run_directory + "/log"; }

// Progress is for those who ask for everything; the roster logs workers itself.
void log_update(const ProgressUpdate& update) {
  const auto& [phase, step, values] = update.row;
  if (update.line.empty() || phase == kWorkersPhase) return;
  log(update.passing ? LogLevel::kDebug : LogLevel::kInfo, "metrics", update.line,
      {{"phase", phase}, {"step", step}});
}

}  // namespace

Status check(const ProcessOptions& options) {
  if (options.workers == 0 && options.listen.empty()) {
    if (options.certificates.empty()) return {};
    return fail(Errc::kUsage, "--certs is for --listen or --workers: give one of them");
  }
  if (!options.certificates.empty()) {
    if (auto tls = find_certificates(options.certificates, "head"); !tls)
      return tl::unexpected(tls.error());
  }
  if (options.listen.empty()) return {};
  return check_listen(options);
}

Result<std::unique_ptr<serving::Gateway>> start_gateway(const ProcessOptions& options) {
  if (options.http_port < 0) return std::unique_ptr<serving::Gateway>();
  auto gateway = serving::Gateway::start(
      {.address = options.http_address, .port = static_cast<std::uint16_t>(options.http_port)});
  if (gateway)
    announce(options, LogLevel::kInfo,
             {{"gateway", (*gateway)->port(), {}}, "gateway on " + (*gateway)->url()});
  return gateway;
}

Status open_run_log(const ProcessOptions& options, const std::string& directory) {
  std::vector<std::string> made;
  if (const auto error = make_folders(log_folder(directory), made); error)
    return fail(Errc::kIo, fmt::format("cannot make the folder {}: {}", log_folder(directory),
                                       error.message()));
  return open_log(
      {"head", log_folder(directory) + "/head.log", options.log_level, options.log_terminal});
}

void announce(const ProcessOptions& options, LogLevel level, const ProgressUpdate& update) {
  log(level, "head", update.line, {{"phase", update.row.phase}});
  options.show(update);
}

std::function<void(const ProgressUpdate&)> sink_of(const ProcessOptions& options,
                                                   RunDirectory& directory,
                                                   serving::Gateway* gateway) {
  return [&options, &directory, gateway](const ProgressUpdate& update) {
    directory.append(update.row);
    log_update(update);
    if (gateway != nullptr) gateway->publish(update.row, update.status);
    options.show(update);
  };
}

Result<Network> plan_network(const ProcessOptions& options, const RunDirectory& directory) {
  Network network;
  if (options.workers == 0 && options.listen.empty()) return network;
  if (!options.listen.empty()) {
    auto listen = listen_address(options);
    if (!listen) return tl::unexpected(listen.error());
    network.listen = *listen;
  }
  auto certificates = certificates_of(options, directory);
  if (!certificates) return tl::unexpected(certificates.error());
  network.certificates = *certificates;
  auto tls = find_certificates(network.certificates, "head");
  if (!tls) return tl::unexpected(tls.error());
  network.tls = *tls;
  return network;
}

Status watch(const ProcessOptions& options, const experiment::RestartConfig& restart,
             const Network& network, Watched& watched) {
  std::optional<WorkerProcesses> workers;
  if (!network.tls) return supervise(workers, watched);
  const auto port = publish(watched.coordinator, network.listen.host, network.listen.port);
  if (!port) return tl::unexpected(port.error());
  if (!options.listen.empty())
    announce(options, LogLevel::kInfo,
             {{"listen", *port, {}}, announcement({network.listen.host, *port})});
  const std::string host =
      is_any_interface(network.listen.host) ? "127.0.0.1" : network.listen.host;
  workers.emplace(WorkerCommand{options.worker_program, print({host, *port}), network.certificates,
                                log_folder(options.run_directory), options.log_level},
                  options.workers, restart);
  Status status = supervise(workers, watched);
  if (options.stop()) workers->interrupt();
  // The port is wanted again if the session is started again.
  close_port(watched.coordinator->home_system(), *port);
  return status;
}

namespace {

// False when the run is stopped meanwhile.
bool wait_before_restart(const ProcessOptions& options, double seconds) {
  const double until = seconds_now() + seconds;
  while (!options.stop() && seconds_now() < until) std::this_thread::sleep_for(50ms);
  return !options.stop();
}

tl::unexpected<Error> interrupted(const ProcessOptions& options) {
  return fail(Errc::kInterrupted,
              fmt::format("interrupted; resume with: {}", resume_command(options)));
}

}  // namespace

Status run_sessions(const ProcessOptions& options, const experiment::RestartConfig& restart,
                    const Session& session) {
  RestartPolicy restarts(restart);
  set_last_words("resume with: " + resume_command(options));
  for (;;) {
    const auto stopped = session();
    if (stopped && !*stopped) return {};
    if (stopped) return interrupted(options);
    const Error& why = stopped.error();
    if (why.code == Errc::kIo || why.code == Errc::kDiskFull)  // which may pass
      return fail(why.code,
                  fmt::format("{}; resume with: {}", why.message, resume_command(options)));
    if (!restart_may_help(why.code)) return tl::unexpected(why);
    const auto delay = restarts.failed(seconds_now());
    if (!delay) return fail(Errc::kActorFailed, "gave up after repeated failures: " + why.message);
    announce(options, LogLevel::kWarning,
             {{"restart", static_cast<std::uint64_t>(restarts.failures()), {}},
              "restarting from the newest checkpoint: " + why.message});
    if (!wait_before_restart(options, *delay)) return interrupted(options);
  }
}

}  // namespace qstar::actors

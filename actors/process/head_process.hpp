// What every process that leads a run does, whatever the run learns: its options, the network and
// worker processes, the gateway, restarts after failures, and the way to resume.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "actors/interfaces.hpp"
#include "actors/process/certificates.hpp"
#include "actors/process/restart_policy.hpp"
#include "actors/process/run_files.hpp"
#include "actors/process/system.hpp"
#include "core/log.hpp"
#include "core/stop.hpp"
#include "serving/gateway/gateway.hpp"

namespace qstar::actors {

struct ProcessOptions {
  std::string run_directory;
  bool resume = false;
  std::int64_t workers = 0;     // further processes on this machine
  std::string listen;           // HOST:PORT for workers of other machines; empty: none
  std::string certificates;     // directory; empty: a private CA for this run, loopback only
  std::int64_t http_port = -1;  // gateway; -1: none, 0: any
  std::string http_address = "127.0.0.1";
  LogLevel log_level = LogLevel::kInfo;  // of this process's log and of its workers' logs
  bool log_terminal = false;             // this process's log goes to standard error, too
  std::string worker_program;            // path of `qstar`, for workers
  Stop stop;                             // set by Ctrl-C
  std::function<void(const ProgressUpdate&)> show;  // progress for people
};

// Whether the run can have what the command line asks for, before anything is written: options that
// contradict each other (kUsage), certificates (see find_certificates()), the port (see
// try_listen()).
Status check(const ProcessOptions& options);

// The gateway, or null when none is asked for. kBusy: the port is taken.
Result<std::unique_ptr<serving::Gateway>> start_gateway(const ProcessOptions& options);

// Opens the log of the process that leads the run, log/head.log in its directory.
Status open_run_log(const ProcessOptions& options, const std::string& directory);

// Shows the user an event that is no progress, and logs it.
void announce(const ProcessOptions& options, LogLevel level, const ProgressUpdate& update);

// Where a run is shown: metrics.jsonl, the log, the gateway (may be null), the user.
std::function<void(const ProgressUpdate&)> sink_of(const ProcessOptions& options,
                                                   RunDirectory& directory,
                                                   serving::Gateway* gateway);

// How other processes reach the run; no `tls`: they do not.
struct Network {
  HostPort listen{"127.0.0.1", 0};  // numeric
  std::string certificates;
  std::optional<TlsPaths> tls;
};
Result<Network> plan_network(const ProcessOptions& options, const RunDirectory& directory);

// Opens the port, starts the worker processes and replaces those that die until `ended` says that
// the session has come to its end. An error: a worker process, or the node in this process (by its
// reason), came to nothing, or the port is taken. Workers are gone when it returns.
struct Watched {
  JoinActor coordinator;
  std::function<bool(std::chrono::milliseconds)> ended;  // waits so long for it
  std::future<Status> node_ended;
};
Status watch(const ProcessOptions& options, const experiment::RestartConfig& restart,
             const Network& network, Watched& watched);

// One session of a run: an error, or whether it was interrupted (false: it is finished).
using Session = std::function<Result<bool>()>;
// Runs sessions until one ends well. A failed actor restarts the session from the newest
// checkpoint, with back-off; after too many failures kActorFailed. kInterrupted: with the command
// that resumes the run; the session has shown what it saved.
Status run_sessions(const ProcessOptions& options, const experiment::RestartConfig& restart,
                    const Session& session);

}  // namespace qstar::actors

// The worker processes that a head starts on its own machine, and replaces when they die.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "actors/process/restart_policy.hpp"
#include "core/log.hpp"
#include "core/result.hpp"

namespace qstar::actors {

// How a worker is started: `PROGRAM worker --connect ADDRESS --certs CERTIFICATES …`.
struct WorkerCommand {
  std::string program, address, certificates;
  std::string log_folder;  // each worker logs to NAME.log in it
  LogLevel log_level = LogLevel::kInfo;
};

class WorkerProcesses {
 public:
  // Starts `count` processes, named worker-1, worker-2, …
  WorkerProcesses(WorkerCommand command, std::int64_t count,
                  const experiment::RestartConfig& restart);
  // Ends them and waits for them.
  ~WorkerProcesses();
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;

  // Replaces processes that died. kActorFailed when that happened too often, or when a process
  // cannot be started.
  Status replace_dead();
  // The run was interrupted: the destructor does not wait for processes to end by themselves.
  void interrupt() { interrupted_ = true; }

 private:
  Status start(std::size_t index);
  void signal_all(int signal_number) const;
  bool all_ended(int options);  // of waitpid
  WorkerCommand command_;
  RestartPolicy restarts_;
  bool interrupted_ = false;
  std::vector<pid_t> pids_;
  Status last_ = {};
};

}  // namespace qstar::actors

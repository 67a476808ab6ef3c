#include "actors/worker_processes.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "actors/actors.hpp"

namespace qstar {

WorkerProcesses::WorkerProcesses(std::string program, std::string address, std::string certificates,
                                 std::int64_t count, const RestartConfig& restart)
    : program_(std::move(program)),
      address_(std::move(address)),
      certificates_(std::move(certificates)),
      restarts_(restart),
      pids_(static_cast<std::size_t>(count), 0) {
  for (std::size_t i = 0; i < pids_.size() && last_; ++i) last_ = start(i);
}

WorkerProcesses::~WorkerProcesses() {
  // They were told that there is no more work; those still there after two seconds are ended.
  for (const pid_t pid : pids_) {
    if (pid == 0) continue;
    int status = 0;
    const int patience = interrupted_ ? 26 : 200;  // times 20 ms
    for (int i = 0; i < patience && waitpid(pid, &status, WNOHANG) == 0; ++i) {
      if (i == (interrupted_ ? 0 : 100)) kill(pid, SIGTERM);
      if (i + 1 == patience) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

Status WorkerProcesses::start(std::size_t index) {
  const std::string name = fmt::format("worker-{}", index + 1);
  std::vector<std::string> words = {
      program_,      "worker", "--connect", address_,   "--certs",
      certificates_, "--name", name,        "--parent", std::to_string(getpid())};
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int error =
      posix_spawn(&pids_[index], program_.c_str(), nullptr, nullptr, argv.data(), environ);
  if (error == 0) return {};
  pids_[index] = 0;
  return fail(Errc::kActorFailed,
              fmt::format("cannot start {}: {}", program_, std::strerror(error)));
}

Status WorkerProcesses::tend() {
  for (std::size_t i = 0; i < pids_.size() && last_; ++i) {
    int status = 0;
    if (pids_[i] == 0 || waitpid(pids_[i], &status, WNOHANG) != pids_[i]) continue;
    pids_[i] = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;  // no more work
    if (!restarts_.failed(seconds_now()))
      return fail(Errc::kActorFailed,
                  "worker processes on this machine failed more often than restart.max_failures "
                  "allows; their own errors are above");
    last_ = start(i);
  }
  return last_;
}

}  // namespace qstar

#include "actors/process/worker_processes.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "core/clock.hpp"

namespace qstar::actors {

namespace {

std::string name_of(std::size_t index) { return fmt::format("worker-{}", index + 1); }

// "exit code 4", "signal 9".
std::string end_of(int status) {
  return WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                           : fmt::format("signal {}", WTERMSIG(status));
}

}  // namespace

WorkerProcesses::WorkerProcesses(WorkerCommand command, std::int64_t count,
                                 const experiment::RestartConfig& restart)
    : command_(std::move(command)), restarts_(restart), pids_(static_cast<std::size_t>(count), 0) {
  for (std::size_t i = 0; i < pids_.size() && last_; ++i) last_ = start(i);
}

WorkerProcesses::~WorkerProcesses() {
  using Clock = std::chrono::steady_clock;
  using namespace std::chrono_literals;
  // They were sent the message that no work is left, and have two seconds to end; after an
  // interrupt none. Those that are still there a while after SIGTERM are killed.
  const auto now = Clock::now();
  const auto terminate_at = interrupted_ ? now : now + 2s;
  const auto kill_at = interrupted_ ? now + 900ms : now + 4s;
  for (bool terminated = false; !all_ended(WNOHANG); std::this_thread::sleep_for(20ms)) {
    if (!terminated && Clock::now() >= terminate_at) {
      signal_all(SIGTERM);
      terminated = true;
    }
    if (Clock::now() >= kill_at) {
      signal_all(SIGKILL);
      all_ended(0);
      return;
    }
  }
}

void WorkerProcesses::signal_all(int signal_number) const {
  for (const pid_t pid : pids_)
    if (pid != 0) kill(pid, signal_number);
}

bool WorkerProcesses::all_ended(int options) {
  bool all = true;
  for (pid_t& pid : pids_) {
    int status = 0;
    if (pid != 0 && waitpid(pid, &status, options) != 0) pid = 0;
    all &= pid == 0;
  }
  return all;
}

Status WorkerProcesses::start(std::size_t index) {
  const std::string name = name_of(index);
  std::vector<std::string> words = {
      command_.program, "worker",
      "--connect",      command_.address,
      "--certs",        command_.certificates,
      "--name",         name,
      "--log-file",     fmt::format("{}/{}.log", command_.log_folder, name),
      "--log-level",    std::string(to_string(command_.log_level)),
      "--parent",       std::to_string(getpid())};
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int error =
      posix_spawn(&pids_[index], command_.program.c_str(), nullptr, nullptr, argv.data(), environ);
  if (error == 0) return {};
  pids_[index] = 0;
  return fail(Errc::kActorFailed,
              fmt::format("cannot start {}: {}", command_.program, std::strerror(error)));
}

Status WorkerProcesses::replace_dead() {
  for (std::size_t i = 0; i < pids_.size() && last_; ++i) {
    int status = 0;
    if (pids_[i] == 0 || waitpid(pids_[i], &status, WNOHANG) != pids_[i]) continue;
    pids_[i] = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;  // no more work
    log(LogLevel::kWarning, "head", "a worker process ended: " + end_of(status),
        {{"node", name_of(i)}});
    if (!restarts_.failed(seconds_now()))
      return fail(Errc::kActorFailed,
                  "worker processes on this machine failed more often than restart.max_failures "
                  "allows; their own errors are above");
    last_ = start(i);
  }
  return last_;
}

}  // namespace qstar::actors

#include "cli/sweep_runs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

#include "core/printable.hpp"
#include "core/files.hpp"

namespace qstar::cli {
namespace {

using namespace std::chrono_literals;

// The end of a log is read for its last line alone.
constexpr std::uint64_t kTailBytes = 4096;

// The last line of the file that is not blank, behind its first bytes.
std::string last_line(const std::string& path, off_t first) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return "";
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  const off_t begin = std::max<off_t>(first, size - static_cast<off_t>(kTailBytes));
  std::string text(kTailBytes, '\0');
  const ssize_t count = ::pread(descriptor, text.data(), text.size(), begin);
  ::close(descriptor);
  text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  while (text.ends_with('\n')) text.pop_back();
  return printable(text.substr(text.rfind('\n') + 1));
}

std::string without(std::string_view text, std::string_view beginning) {
  if (text.starts_with(beginning)) text.remove_prefix(beginning.size());
  return std::string(text);
}

// The child writes to its log, reads nothing, takes signals as usual, and is not in the terminal's
// foreground group: Ctrl-C reaches it once, from this process.
class SpawnSettings {
 public:
  explicit SpawnSettings(const std::string& log) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0644);
    posix_spawn_file_actions_adddup2(&actions_, 1, 2);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  // 0, or the error's number.
  int spawn(const std::string& program, std::vector<std::string> words, pid_t& pid) const {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    return posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// "exit code 4", "signal 9".
std::string end_of(int status) {
  return WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                           : fmt::format("signal {}", WTERMSIG(status));
}

off_t size_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_size : 0;
}

}  // namespace

SweepRuns::SweepRuns(SweepPlan plan, Show show, Show keep)
    : plan_(std::move(plan)),
      show_(std::move(show)),
      keep_(std::move(keep)),
      outcomes_(plan_.runs.size()) {}

SweepRuns::~SweepRuns() {
  ask_to_stop();
  for (const Process& process : processes_) waitpid(process.pid, nullptr, 0);
}

std::string SweepRuns::folder_of(std::size_t run) const {
  return plan_.folder + "/" + plan_.runs[run].name;
}

std::string SweepRuns::log_of(std::size_t run) const { return folder_of(run) + ".log"; }

std::vector<SweepOutcome> SweepRuns::finish(const Stop& stop) {
  take_finished_runs();
  for (auto next_show = Clock::now(); !waiting_.empty() || !processes_.empty();) {
    if (stop() && !stopping_) ask_to_stop();
    while (!waiting_.empty() && static_cast<std::int64_t>(processes_.size()) < plan_.jobs)
      start_next();
    reap();
    if (Clock::now() >= next_show) {
      show_progress();
      next_show = Clock::now() + 300ms;
    }
    if (!processes_.empty()) std::this_thread::sleep_for(50ms);
  }
  return outcomes_;
}

void SweepRuns::take_finished_runs() {
  for (std::size_t run = plan_.runs.size(); run-- > 0;) {
    if (is_there(folder_of(run) + "/report.json"))
      outcomes_[run] = {true, false, 0, "finished before"};
    else
      waiting_.push_back(run);
  }
}

void SweepRuns::start_next() {
  const std::size_t run = waiting_.back();
  waiting_.pop_back();
  std::vector<std::string> words = {"train", plan_.config};
  const auto& overrides = plan_.runs[run].overrides;
  words.insert(words.end(), overrides.begin(), overrides.end());
  words.insert(words.end(), {"--run", folder_of(run), "--parent", std::to_string(::getpid())});
  if (is_there(folder_of(run) + "/config.toml")) words.emplace_back("--resume");
  Process process{0, run, Clock::now(), size_of(log_of(run))};
  const SpawnSettings settings(log_of(run));
  if (const int error = settings.spawn(plan_.program, std::move(words), process.pid); error != 0)
    fail_to_start(run, error);
  else
    processes_.push_back(process);
}

void SweepRuns::fail_to_start(std::size_t run, int error) {
  outcomes_[run] = {false, false, exit_code(Errc::kIo),
                    is_there(plan_.folder)
                        ? fmt::format("cannot start {}: {}", plan_.program, std::strerror(error))
                        : fmt::format("the folder {} was deleted, moved or replaced while the "
                                      "sweep was using it",
                                      plan_.folder)};
  keep_(fmt::format("{}: {}", plan_.runs[run].name, outcomes_[run].words));
}

void SweepRuns::reap() {
  std::erase_if(processes_, [this](const Process& process) {
    int status = 0;
    const pid_t ended = waitpid(process.pid, &status, WNOHANG);
    if (ended == 0) return false;
    note_end(process, ended > 0 ? status : W_EXITCODE(exit_code(Errc::kIo), 0));
    return true;
  });
}

void SweepRuns::note_end(const Process& process, int status) {
  SweepOutcome& outcome = outcomes_[process.run];
  const double seconds = std::chrono::duration<double>(Clock::now() - process.started).count();
  const auto& name = plan_.runs[process.run].name;
  const auto line = last_line(log_of(process.run), process.log_begin);
  outcome.exit_code = exit_code_of(status);
  outcome.finished = outcome.exit_code == 0;
  outcome.interrupted = stopping_ && !outcome.finished;
  if (outcome.finished) {
    ++ended_;
    seconds_of_ended_ += seconds;
  }
  if (outcome.interrupted) return;
  if (outcome.finished) {
    const auto words = without(line, "finished: ");
    outcome.words = words.substr(0, words.find("; report in"));
    keep_(fmt::format("{}: {}, {:.0f} s", name, outcome.words, seconds));
  } else {
    outcome.words =
        line.starts_with("qstar: error: ") ? without(line, "qstar: error: ") : "it left no message";
    keep_(fmt::format("{}: failed with {}: {}; log in {}", name, end_of(status), outcome.words,
                      log_of(process.run)));
  }
}

void SweepRuns::ask_to_stop() {
  stopping_ = true;
  for (const std::size_t run : waiting_) outcomes_[run].interrupted = true;
  waiting_.clear();
  for (const Process& process : processes_) kill(process.pid, SIGTERM);
}

// Of the runs that this process started; nothing before the first of them has ended.
std::string SweepRuns::time_left() const {
  if (ended_ == 0) return "";
  const double each = seconds_of_ended_ / static_cast<double>(ended_);
  double left = each * static_cast<double>(waiting_.size());
  for (const Process& process : processes_) {
    const double spent = std::chrono::duration<double>(Clock::now() - process.started).count();
    left += std::max(0.0, each - spent);
  }
  const auto at_once = std::min<double>(static_cast<double>(plan_.jobs),
                                        static_cast<double>(waiting_.size() + processes_.size()));
  return fmt::format(", {:.0f} min left", std::ceil(left / std::max(1.0, at_once) / 60));
}

void SweepRuns::show_progress() {
  if (processes_.empty()) return;
  const auto failed = static_cast<std::size_t>(std::count_if(
      outcomes_.begin(), outcomes_.end(),
      [](const SweepOutcome& outcome) { return !outcome.finished && outcome.exit_code != 0; }));
  const auto ended = plan_.runs.size() - waiting_.size() - processes_.size();
  std::string text = fmt::format("{} of {} runs finished", ended - failed, plan_.runs.size());
  if (failed > 0) text += fmt::format(", {} failed", failed);
  text += time_left();
  if (stopping_) text = "stopping";
  for (const Process& process : processes_) {
    const auto line = last_line(log_of(process.run), process.log_begin);
    text += fmt::format("; {}: {}", plan_.runs[process.run].name, line.empty() ? "starts" : line);
  }
  show_(text);
}

}  // namespace qstar::cli

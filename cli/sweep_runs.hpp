// Runs of a sweep as processes of their own, several at once.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/stop.hpp"
#include "cli/sweep_grid.hpp"
#include "core/result.hpp"

namespace qstar::cli {

struct SweepPlan {
  std::string program;  // of `qstar-train`
  std::string config;   // file that every run reads
  std::string folder;   // of the sweep; each run has its folder and NAME.log in it
  std::vector<SweepRun> runs;
  std::int64_t jobs = 1;  // processes at once
};

// How one run ended.
struct SweepOutcome {
  bool finished = false;
  bool interrupted = false;  // or not started, because the sweep was interrupted
  int exit_code = 0;
  std::string words;  // its result, or its error
};

class SweepRuns {
 public:
  // `keep` shows a line that stays, `show` one that the next replaces.
  using Show = std::function<void(const std::string&)>;
  SweepRuns(SweepPlan plan, Show show, Show keep);
  // Asks the processes that still run to stop, and waits for them.
  ~SweepRuns();
  SweepRuns(const SweepRuns&) = delete;
  SweepRuns& operator=(const SweepRuns&) = delete;

  // Starts, resumes or skips every run and goes on when one fails. Once `stop` gives true, the
  // running ones are asked to stop, and no other is started. One outcome per run, in order.
  std::vector<SweepOutcome> finish(const Stop& stop);

 private:
  using Clock = std::chrono::steady_clock;
  struct Process {
    pid_t pid = 0;
    std::size_t run = 0;
    Clock::time_point started;
    off_t log_begin = 0;  // bytes of its log that an earlier process wrote
  };

  std::string folder_of(std::size_t run) const;
  std::string log_of(std::size_t run) const;
  void take_finished_runs();
  void start_next();
  void fail_to_start(std::size_t run, int error);
  void reap();
  void note_end(const Process& process, int status);
  void ask_to_stop();
  void show_progress();
  std::string time_left() const;

  SweepPlan plan_;
  Show show_, keep_;
  std::vector<SweepOutcome> outcomes_;
  std::vector<std::size_t> waiting_;  // runs to start, in reverse order
  std::vector<Process> processes_;
  std::size_t ended_ = 0;        // runs that this process saw finish
  double seconds_of_ended_ = 0;  // of these together
  bool stopping_ = false;
};

}  // namespace qstar::cli

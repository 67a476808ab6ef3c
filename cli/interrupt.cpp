#include "cli/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>

#include "cli/output.hpp"
#include "core/result.hpp"

namespace qstar::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

std::atomic<bool> stop{false};

void on_signal(int signal_number) {
  if (stop.exchange(true)) {
    ::signal(signal_number, SIG_DFL);
    ::raise(signal_number);
  }
}

bool is_ignored(int signal_number) {
  struct sigaction present {};
  return ::sigaction(signal_number, nullptr, &present) == 0 && present.sa_handler == SIG_IGN;
}

void mask_interrupts(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal_number : kSignals) sigaddset(&signals, signal_number);
  ::sigprocmask(how, &signals, nullptr);
}

}  // namespace

Stop stop_on_interrupt() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal_number : kSignals) {
    if (!is_ignored(signal_number)) ::sigaction(signal_number, &action, nullptr);
  }
  return stop;
}

bool stop_requested() { return stop; }

void end_on_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) {
    write_at_once(STDERR_FILENO, "qstar: error: interrupted\n");
    ::_exit(exit_code(Errc::kInterrupted));
  };
  sigemptyset(&action.sa_mask);
  for (const int signal_number : kSignals)
    if (!is_ignored(signal_number)) ::sigaction(signal_number, &action, nullptr);
}

void block_interrupts() { mask_interrupts(SIG_BLOCK); }
void unblock_interrupts() { mask_interrupts(SIG_UNBLOCK); }

}  // namespace qstar::cli

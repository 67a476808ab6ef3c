#include "cli/interrupt.hpp"

#include <signal.h>

namespace qstar {
namespace {

std::atomic<bool> stop_requested{false};

void on_signal(int signal_number) {
  if (stop_requested.exchange(true)) {
    ::signal(signal_number, SIG_DFL);
    ::raise(signal_number);
  }
}

bool is_ignored(int signal_number) {
  struct sigaction present {};
  return ::sigaction(signal_number, nullptr, &present) == 0 && present.sa_handler == SIG_IGN;
}

}  // namespace

const std::atomic<bool>& stop_on_interrupt(WaitingCalls calls) {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = calls == WaitingCalls::kContinue ? SA_RESTART : 0;
  sigemptyset(&action.sa_mask);
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    if (signal_number == SIGHUP && is_ignored(SIGHUP)) continue;
    ::sigaction(signal_number, &action, nullptr);
  }
  return stop_requested;
}

}  // namespace qstar

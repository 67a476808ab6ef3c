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

}  // namespace

const std::atomic<bool>& stop_on_interrupt() {
  ::signal(SIGINT, on_signal);
  ::signal(SIGTERM, on_signal);
  return stop_requested;
}

}  // namespace qstar

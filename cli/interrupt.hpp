// Ctrl-C, SIGTERM and SIGHUP as a wish to end well.
#pragma once

#include <atomic>

namespace qstar {

// What becomes of a system call that waits while the signal arrives.
enum class WaitingCalls {
  kContinue,  // it goes on waiting
  kFail,      // it fails with EINTR: a person at a prompt who presses Ctrl-C is not asked again
};

// From now on the first SIGINT, SIGTERM or SIGHUP sets the flag that is returned; a second one ends
// the process at once. SIGHUP stays ignored where it is (nohup). A long command looks at the flag
// at least once per second, stops, says what it kept, and ends with Errc::kInterrupted.
const std::atomic<bool>& stop_on_interrupt(WaitingCalls calls = WaitingCalls::kContinue);

}  // namespace qstar

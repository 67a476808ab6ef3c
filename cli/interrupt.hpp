// Ctrl-C as a wish to end well.
#pragma once

#include <atomic>

namespace qstar {

// From now on the first SIGINT or SIGTERM sets the flag that is returned; a second one ends the
// process at once.
const std::atomic<bool>& stop_on_interrupt();

}  // namespace qstar

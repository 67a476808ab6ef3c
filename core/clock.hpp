// The two clocks: one that never runs backwards, and the time of day.
#pragma once

#include <chrono>
#include <cstdint>

namespace qstar {

// The steady clock, in seconds.
inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The time of day, in microseconds since 1970.
inline std::uint64_t now_us() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
}

}  // namespace qstar

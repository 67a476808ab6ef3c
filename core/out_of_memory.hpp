// What happens when memory runs out.
//
// Hardly any code can go on without it, least of all the threads of libraries: an exception there
// aborts the process, or leaves other threads waiting forever. The programs therefore end at once
// with one line (cli/program.hpp). Stores and checkpoints survive any end of the process. Code that
// has an answer of its own, such as an error about a file that asks for too much, says so by a
// MayLackMemory.
#pragma once

#include <exception>
#include <string_view>

namespace qstar {

inline constexpr std::string_view kOutOfMemory =
    "out of memory: free some, or raise the limit on it (ulimit -v)";
inline constexpr std::string_view kOutOfThreads =
    "cannot start a thread, for want of memory or because there are too many: free some memory, or "
    "raise the limits (ulimit -v, ulimit -u)";

// What the last line of a program says beyond that memory is lacking: how to resume a run, say. Cut
// to 2,000 bytes; empty: nothing. To be set while there is memory, by one thread.
void set_last_words(std::string_view words);
std::string_view last_words();

// While one exists, an allocation that fails in this thread throws std::bad_alloc.
class MayLackMemory {
 public:
  MayLackMemory() { ++depth_; }
  ~MayLackMemory() { --depth_; }
  MayLackMemory(const MayLackMemory&) = delete;
  MayLackMemory& operator=(const MayLackMemory&) = delete;

  static bool here() { return depth_ > 0; }

 private:
  inline static thread_local int depth_ = 0;
};

// What the exception says of memory or threads that could not be had; empty: it is another one.
std::string_view lack_of(const std::exception_ptr& thrown);

}  // namespace qstar

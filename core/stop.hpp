// A question whether work is to end early. Code that computes or waits for long asks it several
// times per second.
#pragma once

#include <atomic>
#include <concepts>
#include <functional>
#include <utility>

namespace qstar {

class Stop {
 public:
  Stop() = default;  // never ends it
  // Once the flag, which outlives this, is set.
  Stop(const std::atomic<bool>& flag) : ask_([&flag] { return flag.load(); }) {}
  template <std::predicate Ask>
  Stop(Ask ask) : ask_(std::move(ask)) {}

  // Whether to stop now.
  bool operator()() const { return ask_ && ask_(); }
  // Whether that may ever be.
  bool is_possible() const { return ask_ != nullptr; }

 private:
  std::function<bool()> ask_;
};

}  // namespace qstar

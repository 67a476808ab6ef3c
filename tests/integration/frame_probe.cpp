// A program in the frame of cli/program.hpp that does what its first word says, for frame_test.py.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/terminal.hpp"
#include "core/out_of_memory.hpp"

namespace {

using namespace std::chrono_literals;

int wait_for_signal(bool stubborn) {
  const auto stop = qstar::cli::stop_on_interrupt();
  qstar::cli::write_text(stdout, "ready\n");
  while (!stop() || stubborn) std::this_thread::sleep_for(10ms);
  return 130;
}

int show_status(char** texts) {
  const qstar::cli::StatusLine line(stdout);
  for (; texts[0] != nullptr && texts[1] != nullptr; ++texts) line.show(*texts);
  line.keep(*texts);
  return 0;
}

// The number of a file opened now: beyond the standard ones.
int open_a_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0644);
  fmt::print("to standard output\n");
  return file;
}

// Prints until a signal stops it, in one of three ways.
int flood(const std::string& how) {
  const auto stop = qstar::cli::stop_on_interrupt();
  while (!stop()) {
    if (how == "cout") std::cout << "line\n";
    if (how == "print") fmt::print("line\n");
    if (how == "errors") fmt::print(stderr, "line\n");
  }
  return qstar::cli::report_error({qstar::Errc::kInterrupted, "interrupted"});
}

// Takes memory until there is no more.
void exhaust() {
  std::vector<std::unique_ptr<char[]>> taken;
  for (;;) taken.push_back(std::make_unique<char[]>(1 << 20));
}

// Starts threads that wait until none can be started; they are still there when the exception
// comes.
void exhaust_threads() {
  std::vector<std::thread> threads;
  for (;;) threads.emplace_back([] { std::this_thread::sleep_for(60s); });
}

int lack(const std::string& where) {
  if (where == "main") exhaust();
  if (where == "thread") std::thread(exhaust).join();
  if (where == "noexcept") std::thread([]() noexcept { exhaust(); }).join();
  if (where == "threads") exhaust_threads();
  try {
    const qstar::MayLackMemory may_lack_memory;
    exhaust();
  } catch (const std::bad_alloc&) {
    fmt::print("went on\n");
  }
  return 0;
}

int run(int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == "throw") throw std::runtime_error("something\x1b[31m\nodd");
  if (word == "memory") throw std::bad_alloc();
  if (word == "thread") std::thread([] { throw std::runtime_error("of a thread"); }).join();
  if (word == "print") {
    for (int i = 0; i < 100'000; ++i) fmt::print("line {}\n", i);
  }
  if (word == "fail") {
    fmt::print("some output\n");
    return 3;
  }
  if (word == "flood") return flood(argv[2]);
  if (word == "lack") return lack(argv[2]);
  if (word == "open") return open_a_file(argv[2]);
  if (word == "wait") return wait_for_signal(false);
  if (word == "ignore") return wait_for_signal(true);
  if (word == "status") return show_status(argv + 2);
  return 0;
}

}  // namespace

int main(int argc, char** argv) { qstar::cli::run_program(run, argc, argv); }

#include "cli/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ext/stdio_sync_filebuf.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <new>

#include "cli/interrupt.hpp"

#include <nlohmann/json.hpp>

namespace qstar::cli {
namespace {

// Of the first failure: later ones may be its consequences.
std::atomic<int> first_errno{0};

constexpr std::size_t kChunk = PIPE_BUF;  // what a pipe takes whole when it takes anything
constexpr int kLook = 50;                 // ms between two looks at the flag
constexpr int kPatience = 300;            // ms, in all, once it is set

// Waits for a moment; false when the output is given up after a signal.
bool wait_for(int descriptor, short events) {
  static std::atomic<int> waited{0};  // ms since the flag was set
  for (pollfd output{descriptor, events, 0};;) {
    const int ready = ::poll(&output, 1, waited < kPatience ? kLook : 0);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // write() says what is wrong
    if (stop_requested() && (waited += kLook) > kPatience) return false;
    if (events == 0) return true;
  }
}

// As fopencookie() wants it: the number of bytes written, 0 on an error. `cookie`: the descriptor.
ssize_t write_interruptibly(void* cookie, const char* bytes, std::size_t size) {
  const int descriptor = static_cast<int>(reinterpret_cast<std::intptr_t>(cookie));
  for (std::size_t done = 0; done < size;) {
    if (!wait_for(descriptor, POLLOUT)) {
      errno = EINTR;
      return 0;
    }
    const auto n = ::write(descriptor, bytes + done, std::min(size - done, kChunk));
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {  // a terminal has less room than it said
      if (wait_for(descriptor, 0)) continue;
      errno = EINTR;
      return 0;
    } else if (errno != EINTR) {
      return 0;
    }
  }
  return static_cast<ssize_t>(size);
}

// An open description of its own never blocks, and those who share the other one do not notice.
int unblocked(int descriptor) {
  struct stat info {};
  const bool may_block = ::fstat(descriptor, &info) == 0 && !S_ISREG(info.st_mode);
  if (!may_block) return descriptor;
  const int own = ::open(descriptor == STDERR_FILENO ? "/dev/fd/2" : "/dev/fd/1",
                         O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return own >= 0 ? own : descriptor;
}

std::FILE* interruptible(int descriptor, int buffering) {
  auto* const cookie = reinterpret_cast<void*>(static_cast<std::intptr_t>(unblocked(descriptor)));
  std::FILE* const file =
      ::fopencookie(cookie, "w", {nullptr, write_interruptibly, nullptr, nullptr});
  if (file == nullptr) throw std::bad_alloc();
  std::setvbuf(file, nullptr, buffering, BUFSIZ);
  return file;
}

}  // namespace

void make_output_interruptible() {
  stdout = interruptible(STDOUT_FILENO, ::isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF);
  stderr = interruptible(STDERR_FILENO, _IONBF);
  static __gnu_cxx::stdio_sync_filebuf<char> out(stdout);
  std::cout.rdbuf(&out);
}

int descriptor_of(std::FILE* file) { return file == stderr ? STDERR_FILENO : STDOUT_FILENO; }

void write_at_once(int descriptor, std::string_view text) {
  pollfd output{descriptor, POLLOUT, 0};
  if (::poll(&output, 1, kLook) == 1) [[maybe_unused]]
    const auto n = ::write(descriptor, text.data(), text.size());
}

void print_json(const nlohmann::ordered_json& value) {
  const auto line =
      value.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), stdout) < line.size()) note_output_failure(errno);
}

void note_output_failure(int error_number) {
  int none = 0;
  first_errno.compare_exchange_strong(none, error_number);
}

void write_text(std::FILE* file, std::string_view text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  if (!written && file == stdout) note_output_failure(errno);
}

bool flush_output() {
  if (std::fflush(stdout) != 0) note_output_failure(errno);
  return first_errno == 0 && std::ferror(stdout) == 0;
}

bool reader_is_gone() {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

Status check_output() {
  if (flush_output() || reader_is_gone()) return {};
  const int why = first_errno;
  if (why == EINTR) return fail(Errc::kInterrupted, "interrupted: nobody read standard output");
  return fail(Errc::kIo, fmt::format("cannot write to standard output{}{}", why == 0 ? "" : ": ",
                                     why == 0 ? "" : std::strerror(why)));
}

}  // namespace qstar::cli

#include "cli/program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "core/out_of_memory.hpp"

namespace qstar::cli {
namespace {

void open_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. It stays open for the programs that this one starts.
    if (::open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY) != descriptor) std::_Exit(4);
  }
}

// Takes no memory, and ends every thread at once.
[[noreturn]] void end_for_lack(std::string_view of_what) {
  // glibc aborts a thread that lacks memory for itself: it waits for the exit below.
  ::signal(SIGABRT, [](int) {
    for (;;) ::pause();
  });
  const auto last = last_words();
  const std::string_view parts[] = {"qstar: error: ", of_what, last.empty() ? "" : "; ", last,
                                    "\n"};
  char line[3000];
  std::size_t size = 0;
  for (const auto part : parts) size += part.copy(line + size, sizeof line - size);
  write_at_once(STDERR_FILENO, {line, size});
  std::_Exit(exit_code(Errc::kIo));
}

// Called by operator new.
void on_lack_of_memory() {
  if (MayLackMemory::here()) throw std::bad_alloc();
  end_for_lack(kOutOfMemory);
}

// The exit code of the exception that is being handled, after one line about it.
int report_exception() {
  const auto lack = lack_of(std::current_exception());
  if (!lack.empty()) end_for_lack(lack);
  try {
    throw;
  } catch (const std::exception& error) {
    return report_error({Errc::kIo, fmt::format("unexpected failure: {}", error.what())});
  } catch (...) {
    return report_error({Errc::kIo, "unexpected failure"});
  }
}

// An exception of a thread that nobody waits for. One that is on its way met a destructor that does
// not bear it: as in libraries that have started some of their threads and cannot start the next.
[[noreturn]] void end_by_exception() {
  if (std::current_exception()) std::_Exit(report_exception());
  if (std::uncaught_exceptions() > 0) end_for_lack(kOutOfThreads);
  std::abort();
}

// In this thread lack of memory is an exception, so that a start that fails leaves nothing behind.
int run_guarded(Program program, int argc, char** argv) {
  const MayLackMemory may_lack_memory;
  try {
    return program(argc, argv);
  } catch (const std::system_error& error) {
    // fmt::print throws what kept it from writing.
    if (stop_requested() && std::ferror(stderr) != 0) return exit_code(Errc::kInterrupted);
    if (std::ferror(stdout) == 0) return report_exception();
    note_output_failure(error.code().value());
    return 0;
  } catch (...) {
    return report_exception();
  }
}

}  // namespace

void run_program(Program program, int argc, char** argv) {
  open_standard_descriptors();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);  // ignored, it would keep ended children from being waited for
  std::set_terminate(end_by_exception);
  std::set_new_handler(on_lack_of_memory);
  make_output_interruptible();
  end_on_interrupt();  // until the command says otherwise
  unblock_interrupts();
  int code = run_guarded(program, argc, argv);
  const Status written = check_output();
  if (!written && code == 0) code = report_error(written.error());
  std::_Exit(code);
}

}  // namespace qstar::cli

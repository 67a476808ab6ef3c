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

namespace qstar {
namespace {

void open_standard_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. It stays open for the programs that this one starts.
    if (::open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY) != descriptor) std::_Exit(4);
  }
}

// The exit code of the exception that is being handled, after one line about it.
int report_exception() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return report_error({Errc::kIo, "there is not enough memory"});
  } catch (const std::exception& error) {
    return report_error({Errc::kIo, fmt::format("unexpected failure: {}", error.what())});
  } catch (...) {
    return report_error({Errc::kIo, "unexpected failure"});
  }
}

// An exception of a thread that nobody waits for.
[[noreturn]] void end_by_exception() {
  if (!std::current_exception()) std::abort();
  std::_Exit(report_exception());
}

int run_guarded(Program program, int argc, char** argv) {
  try {
    return program(argc, argv);
  } catch (const std::system_error& error) {
    if (std::ferror(stdout) == 0) return report_exception();
    // fmt::print throws what kept it from writing.
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
  std::set_terminate(end_by_exception);
  end_on_interrupt();  // until the command says otherwise
  unblock_interrupts();
  int code = run_guarded(program, argc, argv);
  const Status written = check_output();
  if (!written && code == 0) code = report_error(written.error());
  std::_Exit(code);
}

}  // namespace qstar

// Expected failures as values.
//
// Every function that can fail for a reason outside the program returns Result<T>: a value, or an
// Error with a code and one line for the user. The line names the file, the line or field, and the
// remedy. A broken invariant is not an Error: it aborts through QSTAR_ASSERT with the values in
// hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace qstar {

enum class Errc : std::uint8_t {
  kUsage = 1,    // the command line makes no sense
  kConfig,       // a configuration file or override: unknown key, wrong type, out of range
  kMissingFile,  // a file or directory that should be there is not
  kCorrupt,      // a file's content is damaged or is not what it claims to be
  kSchema,       // a file or store was written by a later version
  kDiskFull,     // no space, or a quota was reached; nothing acknowledged was lost
  kBusy,         // another process holds the run directory, the store or the port
  kIo,           // any other failure of the operating system
  kBadProblem,   // a problem that was typed is not one of this environment
  kNetwork,      // a peer could not be reached, or was refused
  kActorFailed,  // an actor failed more often than its restart policy allows
  kTimeout,      // no answer in time
  kInterrupted,  // stopped by Ctrl-C, SIGTERM or SIGHUP; what was done is kept
};

struct Error {
  Errc code;
  std::string message;  // one line, without a final full stop or newline
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// The documented exit code of the command for an error; 0 is success, 1 is left to the shell.
// 2 usage, configuration or a mistyped problem; 3 missing or damaged input; 4 the system (disk,
// lock, memory, output that cannot be written); 5 network; 6 a failed actor; 130 interrupted.
int exit_code(Errc code);

// The code's name for messages between machines and for JSON, e.g. "disk_full".
std::string_view to_string(Errc code);
// Inverse of to_string; kActorFailed for any other text.
Errc errc_from_string(std::string_view text);

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line,
                                   const std::string& detail);

}  // namespace qstar

// Aborts with the expression and a detail string when an invariant is broken. Never reachable from
// input: input errors are values.
#define QSTAR_ASSERT(expression, detail) \
  (static_cast<bool>(expression)         \
       ? void(0)                         \
       : ::qstar::assertion_failed(#expression, __FILE__, __LINE__, std::string(detail)))

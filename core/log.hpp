// The log of this process: one JSON object per line, for people and programs that ask what happened
// when. spdlog writes it, from any thread.
//
//   {"time":"2026-03-01T12:00:00.123456Z","level":"warning","process":"head","actor":"coordinator",
//    "message":"lease expired","lease":17,"node":"worker-1"}
//
// Until open_log() and after close_log() nothing is written, so that code may log wherever it runs.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.hpp"

namespace qstar {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

std::string_view to_string(LogLevel level);
// kUsage: the text is no level; names all levels.
Result<LogLevel> log_level_from(std::string_view text);

struct LogOptions {
  std::string process;               // "head", or a worker's name
  std::string file;                  // empty: no file
  LogLevel level = LogLevel::kInfo;  // the least that is written
  bool terminal = false;             // to standard error, too
};

// Opens the log, in place of one that is open. The file is appended to. At 8 MiB it becomes
// NAME.1.log and a new one begins; four old ones are kept. kMissingFile: its folder is not there;
// kUsage: the file is no log; kIo: it cannot be opened. A line that cannot be written later is
// dropped, and the first such failure is reported on standard error.
Status open_log(const LogOptions& options);
void close_log();

struct LogField {
  std::string_view key;
  std::variant<std::string, std::uint64_t, double> value;
};

// Writes an event, when its level is at least that of the open log. Texts may hold any bytes. Never
// throws.
void log(LogLevel level, std::string_view actor, std::string_view message,
         std::initializer_list<LogField> fields = {}) noexcept;

}  // namespace qstar

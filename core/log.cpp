#include "core/log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "core/files.hpp"

namespace qstar {
namespace {

constexpr std::size_t kFileBytes = std::size_t{8} << 20;
constexpr std::size_t kOldFiles = 4;
constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};

struct OpenLog {
  spdlog::logger logger;
  std::string process;
};

std::mutex open_mutex;
std::shared_ptr<OpenLog> open_now;  // guarded by open_mutex

std::shared_ptr<OpenLog> current() {
  const std::lock_guard lock(open_mutex);
  return open_now;
}

void replace(std::shared_ptr<OpenLog> by) {
  const std::lock_guard lock(open_mutex);
  open_now.swap(by);
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: break;
  }
  return spdlog::level::err;
}

std::string time_of_day() {
  using namespace std::chrono;
  const auto now = floor<microseconds>(system_clock::now());
  const auto second = floor<seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(system_clock::to_time_t(second)),
                     (now - second).count());
}

void report_once(const std::string& problem) {
  static std::once_flag said;
  std::call_once(said, [&problem] {
    fmt::print(stderr, "qstar: note: the log cannot be written: {}\n", problem);
  });
}

std::string line_of(const OpenLog& log, LogLevel level, std::string_view actor,
                    std::string_view message, std::initializer_list<LogField> fields) {
  nlohmann::ordered_json line = {{"time", time_of_day()},
                                 {"level", to_string(level)},
                                 {"process", log.process},
                                 {"actor", actor},
                                 {"message", message}};
  for (const LogField& field : fields)
    std::visit([&](const auto& value) { line[std::string(field.key)] = value; }, field.value);
  return line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

// Worker processes do not keep the file open.
spdlog::file_event_handlers not_inherited() {
  spdlog::file_event_handlers handlers;
  handlers.after_open = [](const spdlog::filename_t&, std::FILE* file) {
    ::fcntl(::fileno(file), F_SETFD, FD_CLOEXEC);
  };
  return handlers;
}

// Nothing but a log is appended to, and no folder is made for it.
Status check_file(const std::string& file) {
  const auto folder = std::filesystem::path(file).parent_path().string();
  if (!folder.empty() && !is_there(folder))
    return fail(Errc::kMissingFile, fmt::format("there is no folder {} for the log", folder));
  std::ifstream old(file);
  const int first = old ? old.get() : EOF;
  if (first == EOF || first == '{') return {};
  return fail(Errc::kUsage,
              fmt::format("{} is no log of qstar: choose another file for the log", file));
}

// Standard error, when it takes a line at once: nobody waits for a reader that hangs.
class TerminalSink final : public spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string line(message.payload.data(), message.payload.size());
    line.resize(std::min<std::size_t>(line.size(), PIPE_BUF - 1));  // what a pipe takes whole
    line += '\n';
    pollfd output{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&output, 1, 0) == 1) [[maybe_unused]]
      const auto n = ::write(STDERR_FILENO, line.data(), line.size());
  }
  void flush_() override {}
};

std::shared_ptr<OpenLog> make(const LogOptions& options) {
  std::vector<spdlog::sink_ptr> sinks;
  if (!options.file.empty())
    sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        options.file, kFileBytes, kOldFiles, false, not_inherited()));
  if (options.terminal) sinks.push_back(std::make_shared<TerminalSink>());
  auto made = std::make_shared<OpenLog>(
      OpenLog{spdlog::logger("qstar", sinks.begin(), sinks.end()), options.process});
  made->logger.set_pattern("%v");
  made->logger.set_level(spdlog_level(options.level));
  made->logger.flush_on(spdlog::level::debug);  // a process may end at any moment
  made->logger.set_error_handler(report_once);
  return made;
}

}  // namespace

std::string_view to_string(LogLevel level) { return kNames[static_cast<std::size_t>(level)]; }

Result<LogLevel> log_level_from(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == text) return static_cast<LogLevel>(i);
  return fail(Errc::kUsage,
              fmt::format("the level of the log is debug, info, warning or error, not '{}'", text));
}

Status open_log(const LogOptions& options) {
  if (auto fits = options.file.empty() ? Status{} : check_file(options.file); !fits) return fits;
  try {
    replace(make(options));
    return {};
  } catch (const spdlog::spdlog_ex& problem) {
    return fail(Errc::kIo,
                fmt::format("the log {} cannot be opened: {}", options.file, problem.what()));
  }
}

void close_log() { replace(nullptr); }

void log(LogLevel level, std::string_view actor, std::string_view message,
         std::initializer_list<LogField> fields) noexcept {
  const auto open = current();
  if (!open || !open->logger.should_log(spdlog_level(level))) return;
  try {
    open->logger.log(spdlog_level(level), line_of(*open, level, actor, message, fields));
  } catch (...) {
    // Memory is lacking: the event is lost, the program decides what to do about it.
  }
}

}  // namespace qstar

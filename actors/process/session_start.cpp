#include "actors/process/session_start.hpp"

#include <fmt/format.h>

namespace qstar::actors {

void show_line(const ProcessOptions& options, const char* phase, std::string line) {
  announce(options, LogLevel::kInfo, report_of(phase, 0, std::move(line)));
}

void log_start(const RunDirectory& directory, const ProcessOptions& options, const RunKind& kind,
               const std::string& config_hash) {
  const char* event = options.resume                 ? "the run is resumed"
                      : directory.history().finished ? "the run is finished already"
                                                     : "the run starts";
  log(LogLevel::kInfo, "head", event,
      {{"version", QSTAR_VERSION},
       {"experiment", std::string(kind.name)},
       {"config_hash", config_hash}});
}

Status adopt_changes(RunDirectory& directory, const ProcessOptions& options) {
  if (directory.changes().empty()) return {};
  auto summary = "continuing with " + summary_of(directory.changes());
  if (auto adopted = directory.adopt(); !adopted) return adopted;
  show_line(options, "resume", std::move(summary));
  return {};
}

Error cause_of(const Error& error, const RunDirectory& directory) {
  const auto there = directory.intact();
  return there ? error : there.error();
}

}  // namespace qstar::actors

// How a session of any kind of run begins: with its directory, its log, and which changes of the
// configuration.
#pragma once

#include "actors/process/head_process.hpp"

namespace qstar::actors {

// Shows the user a line that is no progress.
void show_line(const ProcessOptions& options, const char* phase, std::string line);

void log_start(const RunDirectory& directory, const ProcessOptions& options, const RunKind& kind,
               const std::string& config_hash);

// The run directory, see RunDirectory::open(), and the log in it. Shows the user what it has lost.
template <class Config>
Result<RunDirectory> open_run(const ProcessOptions& options, const Config& config,
                              const RunKind& kind) {
  auto directory = RunDirectory::open(options.run_directory, config, options.resume, kind);
  if (!directory) return directory;
  if (auto opened = open_run_log(options, directory->path()); !opened)
    return tl::unexpected(opened.error());
  Config described = config;
  log_start(*directory, options, kind, config_hash(describe_of(described)));
  if (!directory->warning().empty())
    show_line(options, "resume", "warning: " + directory->warning());
  return directory;
}

// Records and prints the changes of a resumed run's configuration.
Status adopt_changes(RunDirectory& directory, const ProcessOptions& options);
// Why a session ended with this error: that its directory is gone explains whatever followed.
Error cause_of(const Error& error, const RunDirectory& directory);

}  // namespace qstar::actors

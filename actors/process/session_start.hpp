// How a session of a run begins: with its directory, its log, and which changes of the
// configuration.
#pragma once

#include "actors/process/head_process.hpp"
#include "experiment/experiment.hpp"

namespace qstar::actors {

// Shows the user a line that is no progress.
void show_line(const ProcessOptions& options, const char* phase, std::string line);

void log_start(const RunDirectory& directory, const ProcessOptions& options,
               const experiment::Experiment& config);

// The run directory, see RunDirectory::open(), and the log in it. Shows the user what it has lost.
Result<RunDirectory> open_run(const ProcessOptions& options, const experiment::Experiment& config);

// Records and prints the changes of a resumed run's configuration.
Status adopt_changes(RunDirectory& directory, const ProcessOptions& options);
// Why a session ended with this error: that its directory is gone explains whatever followed.
Error cause_of(const Error& error, const RunDirectory& directory);

}  // namespace qstar::actors

// The options about a process's log, of all commands that have one.
#pragma once

#include <CLI/CLI.hpp>

#include "core/log.hpp"

namespace qstar::cli {

// Adds --log-level and --log-terminal. The variables outlive `command`.
void add_log_options(CLI::App& command, LogLevel& level, bool& terminal);

}  // namespace qstar::cli

// The subcommands of `qstar`: each registers itself and leaves its exit code in `code` when it ran.
#pragma once

#include <CLI/CLI.hpp>

#include <optional>

#include "core/result.hpp"

namespace qstar::cli {

// Prints "qstar: error: …" on standard error, made printable; gives the documented exit code. Never
// throws.
int report_error(const Error& error);

// Reads the command line. Nothing to return: go on. Otherwise the exit code: help was printed, or
// one line that says what is wrong, what may have been meant, and where the help is.
std::optional<int> parse(CLI::App& app, int argc, char** argv);

// Help texts that fit the terminal: descriptions of options are wrapped, subcommands are listed
// with their summaries. For the app and all its subcommands.
void format_help(CLI::App& app);

void add_eval(CLI::App& app, int& code);
void add_solve(CLI::App& app, int& code);
void add_search(CLI::App& app, int& code);
void add_label(CLI::App& app, int& code);
void add_report(CLI::App& app, int& code);
void add_compare(CLI::App& app, int& code);
void add_replay(CLI::App& app, int& code);
void add_certs(CLI::App& app, int& code);
void add_worker(CLI::App& app, int& code);
void add_completion(CLI::App& app, int& code);

}  // namespace qstar::cli

// What is wrong with a command line, as a sentence that names the argument and says what to do.
//
// CLI11 throws one exception per rule, whose texts are fragments. What a sentence needs besides,
// such as the placeholder or the options of a group, is asked of the command itself.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace qstar::cli {

// `command`: the subcommand that was chosen, after it was parsed with this error. One line without
// a final full stop, not yet made printable.
std::string usage_sentence(const CLI::App& command, const CLI::ParseError& error);

// "qstar replay ls", "qstar".
std::string full_name(const CLI::App& app);

// The long names of the command's options, those of its groups included: "--json".
std::vector<std::string> long_names(const CLI::App& command);

}  // namespace qstar::cli

// What the values of options and arguments are, as help, errors and completion name them.
//
// Every option that takes text states its placeholder by `type_name`. Three placeholders mean paths
// and are completed by the shell: FILE, FOLDER, and PATH for either. Numbers are NUMBER, words of a
// fixed set are NAME.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace qstar::cli {

namespace placeholder {
inline constexpr const char* kFile = "FILE";
inline constexpr const char* kFolder = "FOLDER";
inline constexpr const char* kPath = "PATH";
inline constexpr const char* kAddress = "ADDRESS";
inline constexpr const char* kName = "NAME";
inline constexpr const char* kSetting = "KEY=VALUE";
// The names of a command and its subcommands, one per word.
inline constexpr const char* kCommand = "COMMAND";
}  // namespace placeholder

enum class ValueKind {
  kNone,     // a flag
  kChoice,   // one of a few words
  kFile,     // a path of a file
  kFolder,   // a path of a folder
  kPath,     // a path of a file or a folder
  kCommand,  // words of the command line itself
  kFree,     // anything else: the shell has nothing to offer
};

ValueKind kind_of(const CLI::Option& option);

// The words that the option takes, if it takes one of a few.
std::vector<std::string> choices_of(const CLI::Option& option);

// What stands for the value in help and errors; "" for a flag.
std::string placeholder_of(const CLI::Option& option);

// What the value may be beyond its placeholder: "1 to 64" for a number, else "".
std::string range_of(const CLI::Option& option);

// Whether the option takes all words up to the next option.
bool takes_several(const CLI::Option& option);

}  // namespace qstar::cli

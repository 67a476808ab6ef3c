// What can be completed on the command line, taken from the CLI11 tree: new subcommands, options
// and values need no change here. One writer per shell turns it into a script.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace qstar {

enum class ValueKind {
  kNone,    // a flag
  kChoice,  // one of a few words
  kNumber,  // nothing to offer
  kText,    // most often a file
};

struct CompletionOption {
  std::vector<std::string> names;  // "--help", "-h"
  std::string help;                // one line
  ValueKind value = ValueKind::kNone;
  std::vector<std::string> choices;
};

struct CompletionPlace {
  std::string path;     // the words that lead here, each after a blank: "", " eval", " replay ls"
  std::string summary;  // one line
  std::vector<CompletionOption> options;
  std::vector<std::string> subcommands;  // or, without any, of the arguments:
  std::vector<std::string> choices;
  bool takes_files = false;
};

// The words that the option takes, if it takes one of a few.
std::vector<std::string> choices_of(const CLI::Option& option);

// Every place of the tree, the app itself first, its subcommands in their order.
std::vector<CompletionPlace> completion_places(const CLI::App& app);

// Scripts that complete the command `qstar`.
std::string bash_completion(const std::vector<CompletionPlace>& places);
std::string zsh_completion(const std::vector<CompletionPlace>& places);
std::string fish_completion(const std::vector<CompletionPlace>& places);

}  // namespace qstar

// What can be completed on the command line, taken from the CLI11 tree: new subcommands, options
// and values need no change here. One writer per shell turns it into a script.
#pragma once

#include <string>
#include <vector>

#include "cli/option_values.hpp"

namespace qstar::cli {

struct CompletionOption {
  std::vector<std::string> names;  // "--help", "-h"; none of an argument
  std::string help;                // one line
  ValueKind value = ValueKind::kNone;
  std::vector<std::string> choices;
  bool several = false;  // takes all words up to the next option
};

struct CompletionPlace {
  std::string path;     // the words that lead here, each after a blank: "", " eval", " replay ls"
  std::string summary;  // one line
  std::vector<CompletionOption> options;
  std::vector<std::string> subcommands;
  std::vector<CompletionOption> arguments;  // in their order, where there are no subcommands
};

// Every place of the tree, the app itself first, its subcommands in their order. An argument that
// is a COMMAND, as that of `qstar help`, is a tree of places of its own, without options.
std::vector<CompletionPlace> completion_places(const CLI::App& app);

// Scripts that complete the command `qstar`.
std::string bash_completion(const std::vector<CompletionPlace>& places);
std::string zsh_completion(const std::vector<CompletionPlace>& places);
std::string fish_completion(const std::vector<CompletionPlace>& places);

}  // namespace qstar::cli

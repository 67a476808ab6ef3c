// What the completion scripts of all shells have in common: quoted words, and the branches of their
// `case` statements. `$place` is the path of a place, `$before` the option whose value comes next,
// `$count` the number of arguments before the cursor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/completion_tree.hpp"
#include "core/shell_word.hpp"

namespace qstar::cli {

// Each in single quotes, as all three shells read it.
std::vector<std::string> quoted_all(const std::vector<std::string>& words);

// The paths of all places but the first; the names of all options of a place.
std::vector<std::string> paths_of(const std::vector<CompletionPlace>& places);
std::vector<std::string> option_names(const CompletionPlace& place);

// Patterns of `$place $before`: the options that take one value, and those that take all words up
// to the next option. A pattern that nothing matches stands for none.
std::vector<std::string> single_patterns(const std::vector<CompletionPlace>& places);
std::vector<std::string> several_patterns(const std::vector<CompletionPlace>& places);

// How a shell offers each kind of value.
struct Offers {
  std::function<std::string(const std::vector<std::string>&)> choose;
  std::string files, folders, nothing;

  std::string of(const CompletionOption& option) const;
};

// Branches of `case "$place $before"`: the values of options.
std::string value_branches(const std::vector<CompletionPlace>& places, const Offers& offers);
// Branches of `case "$place $count"`: the arguments, by how many stand before the cursor.
std::string argument_branches(const std::vector<CompletionPlace>& places, const Offers& offers);

}  // namespace qstar::cli

#include "cli/completion_script.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/shell_word.hpp"

namespace qstar::cli {
namespace {

using Words = std::vector<std::string>;
using Places = std::vector<CompletionPlace>;

// "' eval --search'|' eval -s'": patterns of a case branch for these options of all places.
template <class Wanted>
Words option_patterns(const Places& places, const Wanted& wanted) {
  Words words;
  for (const auto& place : places)
    for (const auto& option : place.options)
      if (wanted(option))
        for (const auto& name : option.names)
          words.push_back(shell_quoted(place.path + " " + name));
  return words;
}

}  // namespace

Words quoted_all(const Words& words) {
  Words out;
  for (const auto& word : words) out.push_back(shell_quoted(word));
  return out;
}

Words paths_of(const Places& places) {
  Words paths;
  for (const auto& place : places)
    if (!place.path.empty()) paths.push_back(place.path);
  return paths;
}

Words option_names(const CompletionPlace& place) {
  Words names;
  for (const auto& option : place.options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

Words single_patterns(const Places& places) {
  auto words = option_patterns(
      places, [](const auto& o) { return o.value != ValueKind::kNone && !o.several; });
  return words.empty() ? Words{"'-'"} : words;
}

Words several_patterns(const Places& places) {
  auto words = option_patterns(places, [](const auto& o) { return o.several; });
  return words.empty() ? Words{"'-'"} : words;
}

std::string Offers::of(const CompletionOption& option) const {
  switch (option.value) {
    case ValueKind::kChoice: return choose(option.choices);
    case ValueKind::kFile:
    case ValueKind::kPath: return files;
    case ValueKind::kFolder: return folders;
    default: return nothing;
  }
}

std::string value_branches(const Places& places, const Offers& offers) {
  std::string out;
  for (const auto& place : places) {
    for (const auto& option : place.options) {
      if (option.value == ValueKind::kNone) continue;
      Words words;
      for (const auto& name : option.names) words.push_back(shell_quoted(place.path + " " + name));
      out += fmt::format("    ({}) {}; return ;;\n", fmt::join(words, "|"), offers.of(option));
    }
  }
  return out;
}

std::string argument_branches(const Places& places, const Offers& offers) {
  std::string out;
  for (const auto& place : places) {
    for (std::size_t i = 0; i < place.arguments.size(); ++i) {
      const auto& argument = place.arguments[i];
      const std::string pattern = argument.several
                                      ? shell_quoted(place.path + " ") + "*"
                                      : shell_quoted(fmt::format("{} {}", place.path, i));
      out += fmt::format("    ({}) {} ;;\n", pattern, offers.of(argument));
    }
  }
  return out;
}

}  // namespace qstar::cli

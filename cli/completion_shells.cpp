// One writer per shell. The scripts are alike: find the place that the words before the cursor lead
// to, then offer the values of the option before the cursor, or options, subcommands, files.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion_tree.hpp"
#include "core/shell_word.hpp"

namespace qstar {
namespace {

using Words = std::vector<std::string>;

Words quoted_all(const Words& words) {
  Words out;
  for (const auto& word : words) out.push_back(shell_quoted(word));
  return out;
}

Words paths_of(const std::vector<CompletionPlace>& places) {
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

// "' eval --search'|' eval -s'": patterns of a case branch for the options of this kind.
std::string patterns(const CompletionPlace& place, const CompletionOption& option) {
  Words words;
  for (const auto& name : option.names) words.push_back(place.path + " " + name);
  return fmt::format("{}", fmt::join(quoted_all(words), "|"));
}

// The branches for the values of options; `choose` prints words, `files` and `nothing` do so.
template <class Choose>
std::string value_branches(const std::vector<CompletionPlace>& places, const Choose& choose,
                           const std::string& files, const std::string& nothing) {
  std::string out;
  for (const auto& place : places) {
    for (const auto& option : place.options) {
      if (option.value == ValueKind::kNone) continue;
      out += fmt::format("    ({}) {}; return ;;\n", patterns(place, option),
                         option.value == ValueKind::kChoice ? choose(option.choices)
                         : option.value == ValueKind::kText ? files
                                                            : nothing);
    }
  }
  return out;
}

// name:text, as zsh's _describe reads it.
std::string described(const std::string& name, const std::string& text) {
  std::string out;
  for (const char c : name) out += c == ':' ? "\\:" : std::string(1, c);
  return shell_quoted(out + ":" + text);
}

std::string zsh_place(const CompletionPlace& place, const std::vector<CompletionPlace>& places) {
  std::string out = fmt::format("    ({})\n      options=(", shell_quoted(place.path));
  for (const auto& option : place.options)
    for (const auto& name : option.names) out += "\n        " + described(name, option.help);
  out += ")\n      words_here=(";
  for (const auto& name : place.subcommands) {
    for (const auto& inner : places)
      if (inner.path == place.path + " " + name)
        out += "\n        " + described(name, inner.summary);
  }
  for (const auto& choice : place.choices) out += " " + shell_quoted(choice);
  return out + ")\n" + (place.takes_files ? "      files=1\n" : "") + "      ;;\n";
}

std::string fish_place(const CompletionPlace& place, const std::vector<CompletionPlace>& places) {
  const std::string at = fmt::format("complete -c qstar -n \"__qstar_at '{}'\"", place.path);
  std::string out;
  const auto describe = [](const std::string& text) { return " -d " + shell_quoted(text, "\\'"); };
  for (const auto& name : place.subcommands) {
    for (const auto& inner : places)
      if (inner.path == place.path + " " + name)
        out += fmt::format("{} -a {}{}\n", at, name, describe(inner.summary));
  }
  for (const auto& choice : place.choices) out += at + " -a " + shell_quoted(choice, "\\'") + "\n";
  if (place.takes_files) out += at + " -F\n";
  for (const auto& option : place.options) {
    out += at;
    for (const auto& name : option.names)
      out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (option.value == ValueKind::kChoice)
      out +=
          fmt::format(" -x -a {}", shell_quoted(fmt::format("{}", fmt::join(option.choices, " "))));
    if (option.value == ValueKind::kNumber) out += " -x";
    if (option.value == ValueKind::kText) out += " -r -F";
    out += describe(option.help) + "\n";
  }
  return out;
}

}  // namespace

std::string bash_completion(const std::vector<CompletionPlace>& places) {
  std::string out = fmt::format(
      R"(# Completion of qstar for bash, printed by 'qstar completion bash'.
_qstar() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local place= options= words= files= i
  if [ "$word" = = ]; then  # bash takes --option=value apart
    word=
  elif [ "$before" = = ]; then
    before=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place ${{COMP_WORDS[i]}}" in
      {}) place="$place ${{COMP_WORDS[i]}}" ;;
      *) break ;;
    esac
  done
  COMPREPLY=()
  case "$place $before" in
)",
      fmt::join(quoted_all(paths_of(places)), "|"));
  out += value_branches(
      places,
      [](const Words& choices) {
        return fmt::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$word\")",
                           shell_quoted(fmt::format("{}", fmt::join(choices, " "))));
      },
      "_qstar_files \"$word\"", ":");
  out += "  esac\n  case \"$place\" in\n";
  for (const auto& place : places) {
    Words words = place.subcommands;
    words.insert(words.end(), place.choices.begin(), place.choices.end());
    out += fmt::format("    {}) options={} words={} files={} ;;\n", shell_quoted(place.path),
                       shell_quoted(fmt::format("{}", fmt::join(option_names(place), " "))),
                       shell_quoted(fmt::format("{}", fmt::join(words, " "))),
                       place.takes_files ? "1" : "");
  }
  return out + R"(  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif [ -n "$files" ]; then
    _qstar_files "$word"
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
_qstar_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}
complete -F _qstar qstar
)";
}

std::string zsh_completion(const std::vector<CompletionPlace>& places) {
  std::string out = fmt::format(
      R"(#compdef qstar
# Completion of qstar for zsh, printed by 'qstar completion zsh'.
_qstar() {{
  local place= before=${{words[CURRENT-1]}} files= i
  local -a options words_here
  if [[ $PREFIX == --*=* ]]; then
    before=${{PREFIX%%=*}}
    compset -P 1 '*='
  fi
  for ((i = 2; i < CURRENT; i++)); do
    case "$place ${{words[i]}}" in
      ({}) place="$place ${{words[i]}}" ;;
      (*) break ;;
    esac
  done
  case "$place $before" in
)",
      fmt::join(quoted_all(paths_of(places)), "|"));
  out += value_branches(
      places,
      [](const Words& choices) {
        return fmt::format("compadd -- {}", fmt::join(quoted_all(choices), " "));
      },
      "_files", ":");
  out += "  esac\n  case \"$place\" in\n";
  for (const auto& place : places) out += zsh_place(place, places);
  return out + R"(  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  elif [[ -n $files ]]; then
    _files
  else
    _describe word words_here
  fi
}
if [[ ${funcstack[1]} == _qstar ]]; then  # loaded from a file in fpath, by its first use
  _qstar "$@"
else
  compdef _qstar qstar
fi
)";
}

std::string fish_completion(const std::vector<CompletionPlace>& places) {
  std::string out = fmt::format(
      R"(# Completion of qstar for fish, printed by 'qstar completion fish'.
function __qstar_at  # whether the words before the cursor lead to this place
    set -l place
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        switch "$place $word"
            case {}
                set place "$place $word"
            case '*'
                break
        end
    end
    test "$place" = "$argv[1]"
end
complete -c qstar -f
)",
      fmt::join(quoted_all(paths_of(places)), " "));
  for (const auto& place : places) out += fish_place(place, places);
  return out;
}

}  // namespace qstar

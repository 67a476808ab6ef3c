// One writer per shell. The scripts are alike: find the place that the words before the cursor lead
// to, then offer the values of the option before the cursor, or options, subcommands, arguments.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/completion_script.hpp"

namespace qstar::cli {
namespace {

using Words = std::vector<std::string>;
using Places = std::vector<CompletionPlace>;

// name:text, as zsh's _describe reads it.
std::string described(const std::string& name, const std::string& text) {
  std::string out;
  for (const char c : name) out += c == ':' ? "\\:" : std::string(1, c);
  return shell_quoted(out + ":" + text);
}

std::string zsh_place(const CompletionPlace& place, const Places& places) {
  std::string out = fmt::format("    ({})\n      options=(", shell_quoted(place.path));
  for (const auto& option : place.options)
    for (const auto& name : option.names) out += "\n        " + described(name, option.help);
  out += ")\n      words_here=(";
  for (const auto& name : place.subcommands) {
    for (const auto& inner : places)
      if (inner.path == place.path + " " + name)
        out += "\n        " + described(name, inner.summary);
  }
  return out + ") ;;\n";
}

constexpr const char* kFishFolders = "'(__fish_complete_directories)'";

// What `complete` takes for the value of an option.
std::string fish_value(const CompletionOption& option) {
  switch (option.value) {
    case ValueKind::kNone: return "";
    case ValueKind::kChoice:
      return " -x -a " + shell_quoted(fmt::format("{}", fmt::join(option.choices, " ")), "\\'");
    case ValueKind::kFile:
    case ValueKind::kPath: return " -r -F";
    case ValueKind::kFolder: return fmt::format(" -x -a {}", kFishFolders);
    default: return " -x";
  }
}

std::string fish_argument(const CompletionOption& argument) {
  const std::string value = fish_value(argument);
  return value.starts_with(" -x") ? value.substr(3) : value == " -r -F" ? " -F" : value;
}

std::string fish_place(const CompletionPlace& place, const Places& places) {
  const std::string at = fmt::format("complete -c qstar -n \"__qstar_at '{}'", place.path);
  std::string out;
  const auto describe = [](const std::string& text) { return " -d " + shell_quoted(text, "\\'"); };
  for (const auto& name : place.subcommands) {
    for (const auto& inner : places)
      if (inner.path == place.path + " " + name)
        out += at + " 0\" -a " + name + describe(inner.summary) + "\n";
  }
  for (std::size_t i = 0; i < place.arguments.size(); ++i) {
    const auto& argument = place.arguments[i];
    const std::string offer = fish_argument(argument);
    if (!offer.empty())
      out += fmt::format("{} {}{}\"{}\n", at, i, argument.several ? " more" : "", offer);
  }
  for (const auto& option : place.options) {
    out += at + "\"";
    for (const auto& name : option.names)
      out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    out += fish_value(option) + describe(option.help) + "\n";
  }
  return out;
}

}  // namespace

std::string bash_completion(const Places& places) {
  const Offers offers{[](const Words& choices) {
                        return fmt::format(
                            "mapfile -t COMPREPLY < <(compgen -W {} -- \"$word\")",
                            shell_quoted(fmt::format("{}", fmt::join(choices, " "))));
                      },
                      "_qstar_paths -f", "_qstar_paths -d", ":"};
  std::string out = fmt::format(
      R"(# Completion of qstar for bash, printed by 'qstar completion bash'.
_qstar() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} place= before= options= words= count=0 i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place ${{COMP_WORDS[i]}}" in
      ({}) place="$place ${{COMP_WORDS[i]}}" before= count=0; continue ;;
    esac
    case "${{COMP_WORDS[i]}}" in
      (=) continue ;;  # bash takes --option=value apart
      (-?*) before=${{COMP_WORDS[i]}}; continue ;;
    esac
    case "$place $before" in
      ({}) before= ;;
      ({}) ;;
      (*) before= count=$((count + 1)) ;;
    esac
  done
  [ "$word" = = ] && word=
  COMPREPLY=()
  case "$place" in
)",
      fmt::join(quoted_all(paths_of(places)), "|"), fmt::join(single_patterns(places), "|"),
      fmt::join(several_patterns(places), "|"));
  for (const auto& place : places) {
    out += fmt::format("    ({}) options={} words={} ;;\n", shell_quoted(place.path),
                       shell_quoted(fmt::format("{}", fmt::join(option_names(place), " "))),
                       shell_quoted(fmt::format("{}", fmt::join(place.subcommands, " "))));
  }
  out += R"(  esac
  if [[ $word == -?* || $word == - ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    return
  fi
  case "$place $before" in
)" + value_branches(places, offers) +
         "  esac\n  case \"$place $count\" in\n" + argument_branches(places, offers);
  return out + R"(    (*' 0') mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
  esac
}
_qstar_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$word")
}
complete -F _qstar qstar
)";
}

std::string zsh_completion(const Places& places) {
  const Offers offers{[](const Words& choices) {
                        return fmt::format("compadd -- {}", fmt::join(quoted_all(choices), " "));
                      },
                      "_files", "_files -/", ":"};
  std::string out = fmt::format(
      R"(#compdef qstar
# Completion of qstar for zsh, printed by 'qstar completion zsh'.
_qstar() {{
  local place= before= count=0 i
  local -a options words_here
  for ((i = 2; i < CURRENT; i++)); do
    case "$place ${{words[i]}}" in
      ({}) place="$place ${{words[i]}}" before= count=0; continue ;;
    esac
    case "${{words[i]}}" in
      (-?*=*) before=; continue ;;
      (-?*) before=${{words[i]}}; continue ;;
    esac
    case "$place $before" in
      ({}) before= ;;
      ({}) ;;
      (*) before= count=$((count + 1)) ;;
    esac
  done
  case "$place" in
)",
      fmt::join(quoted_all(paths_of(places)), "|"), fmt::join(single_patterns(places), "|"),
      fmt::join(several_patterns(places), "|"));
  for (const auto& place : places) out += zsh_place(place, places);
  out += R"(  esac
  if [[ $PREFIX == --*=* ]]; then
    before=${PREFIX%%=*}
    compset -P 1 '*='
  elif [[ $PREFIX == -* ]]; then
    _describe -o option options
    return
  fi
  case "$place $before" in
)" + value_branches(places, offers) +
         "  esac\n  case \"$place $count\" in\n" + argument_branches(places, offers);
  return out + R"(    (*' 0') _describe word words_here ;;
  esac
}
if [[ ${funcstack[1]} == _qstar ]]; then  # loaded from a file in fpath, by its first use
  _qstar "$@"
else
  compdef _qstar qstar
fi
)";
}

std::string fish_completion(const Places& places) {
  std::string out = fmt::format(
      R"(# Completion of qstar for fish, printed by 'qstar completion fish'.
# Whether the words before the cursor lead to this place; and, with a second word, whether that many
# arguments stand there, or, with a third word, at least that many.
function __qstar_at
    set -l place
    set -l before
    set -l count 0
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        switch "$place $word"
            case {}
                set place "$place $word"
                set before
                set count 0
                continue
        end
        if string match -qr '^-.' -- $word
            set before (string match -rv = -- $word)
            continue
        end
        switch "$place $before"
            case {}
                set before
            case {}
            case '*'
                set before
                set count (math $count + 1)
        end
    end
    test "$place" = "$argv[1]"; or return 1
    set -q argv[2]; or return 0
    switch "$place $before"
        case {}
            return 1
    end
    test $count -eq $argv[2]; and return 0
    set -q argv[3]; and test $count -ge $argv[2]
end
complete -c qstar -f
)",
      fmt::join(quoted_all(paths_of(places)), " "), fmt::join(single_patterns(places), " "),
      fmt::join(several_patterns(places), " "), fmt::join(several_patterns(places), " "));
  for (const auto& place : places) out += fish_place(place, places);
  return out;
}

}  // namespace qstar::cli

#include "cli/usage_errors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <optional>

#include "cli/option_values.hpp"
#include "core/config.hpp"

namespace qstar::cli {
namespace {

using Sentence = std::optional<std::string>;
using Words = std::vector<std::string>;

// "one, two or three"
std::string listed(const Words& words, const char* last) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  return fmt::format("{} {} {}", fmt::join(words.begin(), words.end() - 1, ", "), last,
                     words.back());
}

// How to give the option: "--run FOLDER".
std::string written(const CLI::Option& option) {
  return option.nonpositional() ? option.get_name() + " " + placeholder_of(option)
                                : placeholder_of(option);
}

std::string kind_name(const CLI::Option& option) {
  return option.nonpositional() ? "option" : "argument";
}

Words subcommands_of(const CLI::App& command) {
  Words names;
  for (const CLI::App* inner : command.get_subcommands({}))
    if (!inner->get_name().empty()) names.push_back(inner->get_name());
  return names;
}

Words arguments_of(const CLI::App& command) {
  Words names;
  for (const CLI::Option* option : command.get_options())
    if (!option->nonpositional()) names.push_back(option->get_name());
  return names;
}

// Options of one app, without its groups, that satisfy the condition.
template <class Condition>
const CLI::Option* find_option(const CLI::App& app, const Condition& condition) {
  for (const CLI::Option* option : app.get_options())
    if (condition(*option)) return option;
  return nullptr;
}

Sentence missing_option(const CLI::App& command) {
  const auto* option =
      find_option(command, [](const CLI::Option& o) { return o.get_required() && o.count() == 0; });
  if (option == nullptr) return std::nullopt;
  if (!option->nonpositional())
    return fmt::format("the argument '{}' is missing: give a {}", option->get_name(),
                       placeholder_of(*option));
  return fmt::format("the option {} is missing: add {}", option->get_name(), written(*option));
}

Sentence missing_subcommand(const CLI::App& command) {
  if (command.get_require_subcommand_min() == 0 || !command.get_subcommands().empty())
    return std::nullopt;
  return fmt::format("{} needs a subcommand: {}", full_name(command),
                     listed(subcommands_of(command), "or"));
}

Sentence choice_of_group(const CLI::App& group) {
  Words names, given;
  for (const CLI::Option* option : group.get_options()) {
    if (option == group.get_help_ptr()) continue;
    names.push_back(option->get_name());
    if (option->count() > 0) given.push_back(option->get_name());
  }
  if (group.get_require_option_min() <= given.size() &&
      (group.get_require_option_max() == 0 || given.size() <= group.get_require_option_max()))
    return std::nullopt;
  return given.empty()
             ? fmt::format("one option is missing: give {}", listed(names, "or"))
             : fmt::format("{} exclude each other: give only one of them", listed(given, "and"));
}

Sentence choice_of_groups(const CLI::App& command) {
  for (const CLI::App* inner : command.get_subcommands({})) {
    if (!inner->get_name().empty()) continue;
    if (auto sentence = choice_of_group(*inner)) return sentence;
  }
  return std::nullopt;
}

Sentence missing(const CLI::App& command) {
  if (auto sentence = missing_option(command)) return sentence;
  if (auto sentence = missing_subcommand(command)) return sentence;
  return choice_of_groups(command);
}

Sentence without_partner(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0) continue;
    for (const CLI::Option* other : option->get_needs())
      if (other->count() == 0)
        return fmt::format("{} has no effect without {}: give both or neither", option->get_name(),
                           written(*other));
  }
  return std::nullopt;
}

Sentence excluded(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0) continue;
    for (const CLI::Option* other : option->get_excludes())
      if (other->count() > 0)
        return fmt::format("{} and {} exclude each other: give only one of them",
                           option->get_name(), other->get_name());
  }
  return std::nullopt;
}

// The option that a text of CLI11 begins with: "--run: 1 required FOLDER missing".
const CLI::Option* subject_of(const CLI::App& command, const std::string& text) {
  if (const auto* found = find_option(
          command, [&](const CLI::Option& o) { return text.starts_with(o.get_name() + ": "); }))
    return found;
  for (const CLI::App* inner : command.get_subcommands({}))
    if (inner->get_name().empty())
      if (const auto* found = subject_of(*inner, text)) return found;
  return nullptr;
}

Sentence wrong_count(const CLI::App& command, const std::string& text) {
  const CLI::Option* option = subject_of(command, text);
  if (option == nullptr) return std::nullopt;
  if (option->count() > 1)
    return fmt::format("the {} {} is given {} times: give it once", kind_name(*option),
                       option->get_name(), option->count());
  return fmt::format("the value of {} is missing: write {}", option->get_name(), written(*option));
}

// Only flags have values that no check of ours has seen.
std::string wrong_flag(const std::string& text) {
  constexpr std::string_view kConversion = "Could not convert: ";
  const std::string subject =
      text.starts_with(kConversion) ? text.substr(kConversion.size()) : text;
  return fmt::format("{0} is a switch and takes no value: write {0} alone",
                     subject.substr(0, subject.find_first_of(" :=")));
}

std::string wrong_choice(const CLI::Option& option, const std::string& given) {
  const Words choices = choices_of(option);
  const std::string nearest = nearest_word(given, choices);
  return fmt::format("{} must be one of {}, not '{}'{}", option.get_name(),
                     fmt::join(choices, ", "), given,
                     nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest));
}

// Our checks say "must be …, not '…'"; CLI11's own, of a set of words, "beem not in {greedy,…}".
std::string wrong_value(const CLI::App& command, const std::string& text) {
  const CLI::Option* option = subject_of(command, text);
  if (option == nullptr) return text;
  const std::string said = text.substr(option->get_name().size() + 2);
  const std::size_t given = said.rfind(" not in {");
  return choices_of(*option).empty() || given == said.npos
             ? option->get_name() + " " + said
             : wrong_choice(*option, said.substr(0, given));
}

std::string superfluous(const CLI::App& command) {
  const Words rest = command.remaining(), arguments = arguments_of(command);
  const std::string word = rest.empty() ? "" : rest.front();
  const std::string nearest = nearest_word("--" + word, long_names(command));
  const std::string takes = arguments.empty() ? "no arguments" : "only " + listed(arguments, "and");
  return fmt::format("{} cannot use the argument '{}', it takes {}{}", full_name(command), word,
                     takes, nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest));
}

}  // namespace

std::string full_name(const CLI::App& app) {
  return app.get_parent() ? full_name(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

Words long_names(const CLI::App& command) {
  Words names;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;  // not for people
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (const CLI::App* inner : command.get_subcommands({})) {
    if (!inner->get_name().empty()) continue;
    for (auto& name : long_names(*inner)) names.push_back(std::move(name));
  }
  return names;
}

std::string usage_sentence(const CLI::App& command, const CLI::ParseError& error) {
  const std::string text = error.what();
  switch (static_cast<CLI::ExitCodes>(error.get_exit_code())) {
    case CLI::ExitCodes::RequiredError: return missing(command).value_or(text);
    case CLI::ExitCodes::RequiresError: return without_partner(command).value_or(text);
    case CLI::ExitCodes::ExcludesError: return excluded(command).value_or(text);
    case CLI::ExitCodes::ArgumentMismatch: return wrong_count(command, text).value_or(text);
    case CLI::ExitCodes::ConversionError: return wrong_flag(text);
    case CLI::ExitCodes::ValidationError: return wrong_value(command, text);
    case CLI::ExitCodes::ExtrasError: return superfluous(command);
    default: return text;
  }
}

}  // namespace qstar::cli

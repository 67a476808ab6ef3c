#include "cli/completion_tree.hpp"

namespace qstar {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

bool is_number(const std::string& type) {
  return type.starts_with("INT") || type.starts_with("UINT") || type.starts_with("FLOAT");
}

CompletionOption option_of(const CLI::Option& option) {
  CompletionOption out;
  for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
  for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
  out.help = first_line(option.get_description());
  if (option.get_items_expected_max() == 0) return out;  // a flag
  const std::string type = option.get_type_name();
  out.choices = choices_of(option);
  out.value = !out.choices.empty() ? ValueKind::kChoice
              : is_number(type)    ? ValueKind::kNumber
                                   : ValueKind::kText;
  return out;
}

// Options and arguments of the app and of its groups, which CLI11 keeps as nameless subcommands.
void add_options(const CLI::App& app, CompletionPlace& place) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // not for people
    if (option->nonpositional()) {
      const bool is_again = option == app.get_help_ptr() && !place.options.empty();  // a group's
      if (!is_again) place.options.push_back(option_of(*option));
    } else if (const auto known = option_of(*option); known.value == ValueKind::kChoice) {
      place.choices.insert(place.choices.end(), known.choices.begin(), known.choices.end());
    } else {
      place.takes_files = place.takes_files || known.value == ValueKind::kText;
    }
  }
  for (const CLI::App* group : app.get_subcommands({}))
    if (group->get_name().empty()) add_options(*group, place);
}

void add_places(const CLI::App& app, const std::string& path,
                std::vector<CompletionPlace>& places) {
  CompletionPlace place{path, first_line(app.get_description()), {}, {}, {}, false};
  add_options(app, place);
  for (const CLI::App* inner : app.get_subcommands({}))
    if (!inner->get_name().empty()) place.subcommands.push_back(inner->get_name());
  places.push_back(std::move(place));
  for (const CLI::App* inner : app.get_subcommands({}))
    if (!inner->get_name().empty()) add_places(*inner, path + " " + inner->get_name(), places);
}

}  // namespace

std::vector<std::string> choices_of(const CLI::Option& option) {
  // CLI11 describes a set of words as "{one,two}" behind the type.
  const std::string type = option.get_type_name();
  std::vector<std::string> words;
  const std::size_t open = type.find(":{"), close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos) return words;
  std::string list = type.substr(open + 2, close - open - 2) + ",";
  for (std::size_t end; (end = list.find(',')) != std::string::npos; list.erase(0, end + 1))
    words.push_back(list.substr(0, end));
  return words;
}

std::vector<CompletionPlace> completion_places(const CLI::App& app) {
  std::vector<CompletionPlace> places;
  add_places(app, "", places);
  return places;
}

}  // namespace qstar

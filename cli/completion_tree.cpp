#include "cli/completion_tree.hpp"

namespace qstar::cli {
namespace {

using Places = std::vector<CompletionPlace>;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

CompletionOption option_of(const CLI::Option& option) {
  CompletionOption out;
  for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
  for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
  out.help = first_line(option.get_description());
  out.value = kind_of(option);
  out.choices = choices_of(option);
  out.several = takes_several(option);
  return out;
}

// Options and arguments of the app and of its groups, which CLI11 keeps as nameless subcommands.
void add_options(const CLI::App& app, CompletionPlace& place) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;                                     // not for people
    const bool is_again = option == app.get_help_ptr() && !place.options.empty();  // a group's
    if (is_again) continue;
    (option->nonpositional() ? place.options : place.arguments).push_back(option_of(*option));
  }
  for (const CLI::App* group : app.get_subcommands({}))
    if (group->get_name().empty()) add_options(*group, place);
}

CompletionPlace place_of(const CLI::App& app, const std::string& path) {
  CompletionPlace place{path, first_line(app.get_description()), {}, {}, {}};
  for (const CLI::App* inner : app.get_subcommands({}))
    if (!inner->get_name().empty()) place.subcommands.push_back(inner->get_name());
  return place;
}

template <class Add>
void for_each_subcommand(const CLI::App& app, const std::string& path, const Add& add) {
  for (const CLI::App* inner : app.get_subcommands({}))
    if (!inner->get_name().empty()) add(*inner, path + " " + inner->get_name());
}

// The commands below the app as words to choose from: no options, no arguments.
void add_words(const CLI::App& app, const std::string& path, Places& places) {
  for_each_subcommand(app, path, [&](const CLI::App& inner, const std::string& below) {
    places.push_back(place_of(inner, below));
    add_words(inner, below, places);
  });
}

bool takes_command(const CompletionPlace& place) {
  return !place.arguments.empty() && place.arguments.front().value == ValueKind::kCommand;
}

void add_places(const CLI::App& root, const CLI::App& app, const std::string& path,
                Places& places) {
  CompletionPlace place = place_of(app, path);
  add_options(app, place);
  const bool commands = takes_command(place);
  if (commands) {
    place.subcommands = place_of(root, "").subcommands;
    place.arguments.clear();
  }
  places.push_back(std::move(place));
  if (commands) add_words(root, path, places);
  for_each_subcommand(app, path, [&](const CLI::App& inner, const std::string& below) {
    add_places(root, inner, below, places);
  });
}

}  // namespace

Places completion_places(const CLI::App& app) {
  Places places;
  add_places(app, app, "", places);
  return places;
}

}  // namespace qstar::cli

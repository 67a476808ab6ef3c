// How help is laid out, the same for every subcommand of both programs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/completion_tree.hpp"
#include "cli/terminal.hpp"

namespace qstar {
namespace {

constexpr std::size_t kNameColumns = 28;
constexpr std::size_t kMaxColumns = 100;  // longer lines are hard to read
constexpr const char* kExitCodes =
    "Exit codes: 0 done, also when the reader of a pipe closes it early; 2 usage, configuration or "
    "a mistyped problem; 3 a file is missing or damaged; 4 disk, lock, memory, or output that "
    "cannot "
    "be written; 5 network; 6 an actor failed too often; 130 interrupted.";

std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns) {
  std::istringstream words(text);
  std::string out, line, word;
  while (words >> word) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > columns) {
      out += line + "\n" + std::string(indent, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return out + line;
}

std::string entry(const std::string& name, const std::string& text, std::size_t columns) {
  std::string out = "  " + name;
  out += out.size() < kNameColumns ? std::string(kNameColumns - out.size(), ' ')
                                   : "\n" + std::string(kNameColumns, ' ');
  return out + wrapped(text, kNameColumns, columns) + "\n";
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The description, with the words that the option takes before the default, unless it names them.
std::string with_choices(const CLI::Option& option) {
  std::string text = option.get_description();
  const std::vector<std::string> choices = choices_of(option);
  const bool named = std::all_of(choices.begin(), choices.end(), [&](const std::string& choice) {
    return text.find(choice) != std::string::npos;
  });
  if (named) return text;
  const std::size_t end = std::min(text.rfind(" (default"), text.size());
  return text.insert(end, fmt::format(": {}", fmt::join(choices, ", ")));
}

class HelpFormatter final : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::size_t columns) : columns_(columns) {}

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return entry(make_option_name(option, is_positional) + make_option_opts(option),
                 with_choices(*option), columns_);
  }

  // "UINT (1 to 64)" or "NAME"; whether an option is required, its description says.
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_items_expected_max() == 0) return "";  // a flag
    const std::string type = option->get_type_name();
    const std::size_t colon = type.find(':');
    std::string out = " " + type.substr(0, colon);
    if (colon != std::string::npos) {
      const std::string allowed = type.substr(colon + 1);
      out = allowed.starts_with('{') ? " NAME" : fmt::format("{} ({})", out, allowed);
    }
    const bool several = option->get_expected_max() == CLI::detail::expected_max_vector_size;
    return several ? out + " ..." : out;
  }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    return "\n" + Formatter::make_usage(app, std::move(name));
  }

  // A group of options, which CLI11 keeps as a nameless subcommand.
  std::string make_expanded(const CLI::App* group) const override {
    std::string out = "\n" + group->get_description();
    if (group->get_require_option_min() == 1 && group->get_require_option_max() == 1)
      out += " (exactly one of these is required)";
    out += ":\n";
    for (const CLI::Option* option : group->get_options())
      if (option != group->get_help_ptr()) out += make_option(option, false);
    return out;
  }

  std::string make_subcommand(const CLI::App* app) const override {
    return entry(app->get_name(), first_line(app->get_description()), columns_);
  }

  std::string make_footer(const CLI::App* app) const override {
    return wrapped(app->get_footer(), 0, columns_) + "\n";
  }

 private:
  std::size_t columns_;
};

void set_formatter(CLI::App& app, const std::shared_ptr<CLI::Formatter>& formatter) {
  app.formatter(formatter);
  app.footer(kExitCodes);
  for (CLI::App* inner : app.get_subcommands({})) set_formatter(*inner, formatter);
}

}  // namespace

void format_help(CLI::App& app) {
  const std::size_t columns =
      std::clamp<std::size_t>(terminal_width(stdout, kMaxColumns), 60, kMaxColumns);
  set_formatter(app, std::make_shared<HelpFormatter>(columns));
}

}  // namespace qstar

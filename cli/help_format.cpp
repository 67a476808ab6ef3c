// How help is laid out, the same for every subcommand of both programs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/option_values.hpp"
#include "cli/terminal.hpp"

namespace qstar::cli {
namespace {

constexpr std::size_t kNameColumns = 28;
constexpr std::size_t kNarrow = 60;  // below, descriptions stand on lines of their own
constexpr std::size_t kNarrowIndent = 6;
constexpr std::size_t kMaxColumns = 100;  // longer lines are hard to read
constexpr const char* kExitCodes =
    "Exit codes: 0 done, also when the reader of a pipe closes it early; 2 usage, configuration or "
    "a mistyped problem; 3 a file is missing or damaged; 4 disk, lock, memory, or output that "
    "cannot "
    "be written; 5 network; 6 an actor failed too often; 130 interrupted.";

// The column at which descriptions begin.
std::size_t description_column(std::size_t columns) {
  return columns < kNarrow ? kNarrowIndent : kNameColumns;
}

std::string entry(const std::string& name, const std::string& text, std::size_t columns) {
  const std::size_t column = description_column(columns);
  std::string out = "  " + name;
  const bool beside = out.size() < column;
  out = beside ? out + std::string(column - out.size(), ' ')
               : wrapped(out, columns, kNarrowIndent) + "\n" + std::string(column, ' ');
  return out + wrapped(text, columns, column, column) + "\n";
}

// A line of a description: text, or an example, which is continued as a shell would read it.
std::string described(const std::string& line, std::size_t columns) {
  if (!line.starts_with("  ")) return wrapped(line, columns, 0);
  if (line.size() <= columns) return line;
  std::string out;
  for (const char c : wrapped(line, columns - 2, kNarrowIndent))
    out += c == '\n' ? " \\\n" : std::string(1, c);
  return out;
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

  // "NUMBER (1 to 64)" or "NAME"; whether an option is required, its description says.
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string placeholder = placeholder_of(*option), range = range_of(*option);
    if (placeholder.empty()) return "";
    std::string out = " " + placeholder;
    if (!range.empty()) out += fmt::format(" ({})", range);
    const bool several = option->get_expected_max() == CLI::detail::expected_max_vector_size;
    return several ? out + " ..." : out;
  }

  std::string make_description(const CLI::App* app) const override {
    std::istringstream lines(app->get_description());
    std::string out;
    for (std::string line; std::getline(lines, line);) out += described(line, columns_) + "\n";
    return out;
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
    return wrapped(app->get_footer(), columns_, 0) + "\n";
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
      std::clamp<std::size_t>(terminal_width(stdout, kMaxColumns), 20, kMaxColumns);
  set_formatter(app, std::make_shared<HelpFormatter>(columns));
}

}  // namespace qstar::cli

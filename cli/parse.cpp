// Command lines and errors, the same for both programs.
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "cli/usage_errors.hpp"
#include "core/log.hpp"
#include "core/config.hpp"
#include "core/out_of_memory.hpp"
#include "core/printable.hpp"

namespace qstar::cli {
namespace {

// The subcommand that the words chose: its help is the one to read.
const CLI::App* chosen(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

// The end of a message about a word that is not known.
std::string advice(const CLI::App* app, const std::string& nearest) {
  const auto help = fmt::format("ee '{} --help'", full_name(*app));
  return nearest.empty() ? "; s" + help : fmt::format("; did you mean '{}'? S{}", nearest, help);
}

// The first word where a subcommand has to stand, and none of that name is there.
std::optional<Error> unknown_subcommand(const CLI::App* app, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::vector<std::string> known;
    const CLI::App* next = nullptr;
    for (const CLI::App* inner : app->get_subcommands({})) {
      if (inner->get_name().empty()) continue;  // a group of options
      known.push_back(inner->get_name());
      if (known.back() == argv[i]) next = inner;
    }
    if (known.empty() || argv[i][0] == '-') return std::nullopt;
    if (next == nullptr) {
      return Error{Errc::kUsage, fmt::format("{} has no subcommand '{}'{}", full_name(*app),
                                             argv[i], advice(app, nearest_word(argv[i], known)))};
    }
    app = next;
  }
  return std::nullopt;
}

// The subcommand that the first words name.
const CLI::App* named(const CLI::App* app, int argc, char** argv) {
  for (int i = 1; i < argc && argv[i][0] != '\0'; ++i) {
    const auto inner =
        app->get_subcommands([&](const CLI::App* a) { return a->check_name(argv[i]); });
    if (inner.empty()) break;
    app = inner.front();
  }
  return app;
}

// An empty word: mostly a variable of a shell script that is not set. Beside a group of options,
// CLI11 2.1 would take it for the group's name and read on without end.
std::optional<Error> empty_word(const CLI::App* app, int argc, char** argv) {
  const CLI::App* command = named(app, argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("--") && word.ends_with('=')) {
      return Error{Errc::kUsage, fmt::format("the value of {} is empty: give one, or leave the "
                                             "option out",
                                             word.substr(0, word.size() - 1))};
    }
    if (!word.empty()) continue;
    const CLI::Option* option =
        argv[i - 1][0] == '-' ? command->get_option_no_throw(argv[i - 1]) : nullptr;
    if (option != nullptr && option->get_items_expected_max() > 0) {
      return Error{Errc::kUsage, fmt::format("the value of {} is empty: give one, or leave the "
                                             "option out",
                                             argv[i - 1])};
    }
    return Error{Errc::kUsage,
                 fmt::format("argument {} is empty; see '{} --help'", i, full_name(*command))};
  }
  return std::nullopt;
}

// The first option that the chosen subcommand does not have. It explains most other errors: its
// value was taken for something else.
std::optional<Error> unknown_option(const CLI::App& app) {
  const CLI::App* command = chosen(&app);
  for (const std::string& word : command->remaining()) {
    if (word.size() < 2 || word[0] != '-') continue;
    const std::string name = word.substr(0, word.find('='));
    return Error{Errc::kUsage,
                 fmt::format("{} has no option '{}'{}", full_name(*command), name,
                             advice(command, nearest_word(name, long_names(*command))))};
  }
  return std::nullopt;
}

}  // namespace

int report_error(const Error& error) {
  try {
    std::fflush(stdout);
    // On a terminal, in place of the progress line that may stand there.
    const auto start = is_live_terminal(stdout) ? line_start(stderr) : std::string_view();
    log(LogLevel::kError, "main", error.message, {{"code", std::string(to_string(error.code))}});
    const auto line = fmt::format("{}qstar: error: {}\n", start, printable(error.message));
    std::fwrite(line.data(), 1, line.size(), stderr);
  } catch (const std::bad_alloc&) {
    write_at_once(STDERR_FILENO, "qstar: error: ");
    write_at_once(STDERR_FILENO, kOutOfMemory);
    write_at_once(STDERR_FILENO, "\n");
  }
  return exit_code(error.code);
}

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  format_help(app);
  if (const auto unknown = unknown_subcommand(&app, argc, argv)) return report_error(*unknown);
  if (const auto empty = empty_word(&app, argc, argv)) return report_error(*empty);
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    write_text(stdout, app.help());
    return 0;
  } catch (const CLI::CallForVersion& version) {
    write_text(stdout, std::string(version.what()) + "\n");
    return 0;
  } catch (const CLI::ParseError& e) {
    if (const auto unknown = unknown_option(app)) return report_error(*unknown);
    const CLI::App& command = *chosen(&app);
    const std::string sentence = usage_sentence(command, e);
    return report_error({Errc::kUsage, fmt::format("{}{} '{} --help'", sentence,
                                                   sentence.ends_with('?') ? " See" : "; see",
                                                   full_name(command))});
  }
}

}  // namespace qstar::cli

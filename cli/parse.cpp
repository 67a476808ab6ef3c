// Command lines and errors, the same for both programs.
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.hpp"

namespace qstar {
namespace {

// The subcommand that the words chose: its help is the one to read.
const CLI::App* chosen(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::string full_name(const CLI::App* app) {
  return app->get_parent() ? full_name(app->get_parent()) + " " + app->get_name() : app->get_name();
}

}  // namespace

int report_error(const Error& error) {
  std::fflush(stdout);
  // On a terminal, in place of the progress line that may stand there.
  const char* start = isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) ? "\r\x1b[K" : "";
  fmt::print(stderr, "{}qstar: error: {}\n", start, error.message);
  return exit_code(error.code);
}

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& e) {
    return app.exit(e);  // help or version
  } catch (const CLI::ParseError& e) {
    return report_error(
        {Errc::kUsage, fmt::format("{}; see '{} --help'", e.what(), full_name(chosen(&app)))});
  }
}

}  // namespace qstar

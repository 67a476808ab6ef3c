#include "cli/log_options.hpp"

#include "cli/option_values.hpp"

namespace qstar::cli {

void add_log_options(CLI::App& command, LogLevel& level, bool& terminal) {
  command
      .add_option_function<std::string>(
          "--log-level", [&level](const std::string& name) { level = *log_level_from(name); },
          "Log events of this level and above: debug, info, warning or error (default info)")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->type_name(placeholder::kName);
  command.add_flag("--log-terminal", terminal, "Print the log to standard error, too");
}

}  // namespace qstar::cli

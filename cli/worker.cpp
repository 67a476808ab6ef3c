#include "actors/process/worker.hpp"

#include <signal.h>

#include <cstdio>
#include <cstdlib>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/log_options.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"

namespace qstar::cli {
namespace {

constexpr double kLongestWait = 86400;  // s, a day

// Empty where there is no home.
std::string cache_folder() {
  if (const char* folder = std::getenv("XDG_CACHE_HOME"); folder != nullptr && *folder != 0)
    return std::string(folder) + "/qstar/models";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != 0)
    return std::string(home) + "/.cache/qstar/models";
  return {};
}

int work(actors::WorkerOptions& options) {
  options.stop = stop_on_interrupt();
  ::signal(SIGPIPE, SIG_IGN);
  if (options.parent > 0) {
    // What a terminal sends reaches the head, too, and it is the head that ends its workers.
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGHUP, SIG_IGN);
    options.cache.clear();  // the head's models are on this machine
    options.rejoin = 0;     // such a head starts new workers, and names those that join or leave
  } else {
    options.cache_is_needed = !options.cache.empty();
    if (options.cache.empty()) options.cache = cache_folder();
    options.say = [](const std::string& line) { write_text(stdout, line + "\n"); };
  }
  const auto done = actors::run_worker(options);
  if (done) return 0;
  if (done.error().code != Errc::kInterrupted) return report_error(done.error());
  if (options.parent == 0) write_text(stderr, "qstar: " + done.error().message + "\n");
  return exit_code(done.error().code);
}

// Runs it, or refuses options that contradict each other.
int check_and_work(const CLI::App& command, actors::WorkerOptions& options) {
  const bool logs = !options.log_file.empty() || options.log_terminal;
  if (command.count("--log-level") > 0 && !logs && options.parent == 0)
    return report_error({Errc::kUsage,
                         "--log-level has no effect without --log-file FILE or --log-terminal: "
                         "give one of them"});
  if (options.parent > 0 && command.count("--rejoin") > 0)
    return report_error(
        {Errc::kUsage, "--rejoin is not for a worker with --parent: it ends with its head"});
  return work(options);
}

}  // namespace

void add_worker(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "worker",
      "Join a run and generate attempts, or examples of a puzzle, for it\n\n"
      "The worker ends with the run. Stop it with Ctrl-C: its leases go back to the head.\n\n"
      "  qstar worker --connect 10.0.0.1:7000 --certs certs --name gpu1\n"
      "  qstar worker --connect '[fd00::1]:7000' --certs certs --node gpu1 --name gpu1");
  auto options = std::make_shared<actors::WorkerOptions>();
  command
      ->add_option("--connect", options->address,
                   "HOST:PORT at which the head listens; IPv6 addresses in brackets (required)")
      ->required()
      ->type_name(placeholder::kAddress);
  command
      ->add_option("--certs", options->certificates,
                   "Folder with ca.pem and the node's certificate and key, made by 'qstar certs' "
                   "(required)")
      ->required()
      ->type_name(placeholder::kFolder);
  command
      ->add_option("--node", options->node,
                   "Node whose certificate in that folder to use (default worker)")
      ->type_name(placeholder::kName);
  command
      ->add_option("--name", options->name,
                   "Name of this process in progress lines and records (default worker)")
      ->type_name(placeholder::kName);
  options->rejoin = 60;
  command
      ->add_option("--rejoin", options->rejoin,
                   "Try for this many seconds to join a lost head again; 0: end at once "
                   "(default 60)")
      ->check(real_number(0, kLongestWait));
  command
      ->add_option("--cache", options->cache,
                   "Folder in which fetched models are kept (default: qstar/models in "
                   "$XDG_CACHE_HOME or ~/.cache)")
      ->type_name(placeholder::kFolder);
  command
      ->add_option("--cache-mb", options->cache_mb,
                   "Size in MiB above which the least recently used models leave that folder; 0: "
                   "keep none (default 1024)")
      ->check(whole_number(0, 1 << 24));
  command
      ->add_option("--log-file", options->log_file,
                   "Write the log of this process to this file (default: none)")
      ->type_name(placeholder::kFile);
  add_log_options(*command, options->log_level, options->log_terminal);
  command
      ->add_option("--parent", options->parent,
                   "End with the process of this number, which started this one (default: none)")
      ->check(whole_number(1, std::numeric_limits<std::int32_t>::max()))
      ->group("");  // for heads alone: not in the help
  command->callback([command, options, &code] { code = check_and_work(*command, *options); });
}

}  // namespace qstar::cli

// The command `qstar`. It never loads torch; `train` and `sweep` replace this process
// by `qstar-train`.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/option_values.hpp"
#include "cli/program.hpp"
#include "cli/sweep_options.hpp"
#include "cli/train_options.hpp"
#include "core/out_of_memory.hpp"

namespace qstar::cli {
namespace {

// All that is written to the pipe's end, which is closed then.
std::string all_of(int descriptor) {
  std::string text;
  char block[1024];
  for (ssize_t n = 0; (n = ::read(descriptor, block, sizeof block)) > 0;)
    text.append(block, static_cast<std::size_t>(n));
  ::close(descriptor);
  return text;
}

// Whether the program can be loaded at all where memory is limited: there the loader, or a library
// that it starts, ends the program before it could say why. That a library is missing, the loader
// says itself when the program is started.
Status check_loading(const std::string& program) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  int errors[2];
  if (::pipe2(errors, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t silent;
  posix_spawn_file_actions_init(&silent);
  posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&silent, errors[1], STDERR_FILENO);
  std::string name = program, help = "--help";
  char* const words[] = {name.data(), help.data(), nullptr};
  pid_t child = 0;
  int status = 0;
  const int error = posix_spawn(&child, program.c_str(), &silent, nullptr, words, environ);
  posix_spawn_file_actions_destroy(&silent);
  ::close(errors[1]);
  const std::string said = all_of(errors[0]);
  if (error == ENOENT || error == EACCES) return {};  // starting it says so
  if (error == 0 && ::waitpid(child, &status, 0) == child && status == 0) return {};
  if (said.find("cannot open shared object file") != std::string::npos) return {};
  return fail(Errc::kIo, fmt::format("{}; {} cannot be loaded within {} MiB", kOutOfMemory, program,
                                     limit.rlim_cur >> 20));
}

bool trains(std::string_view word) { return word == "train" || word == "sweep"; }

// `words`: "train" or "sweep", its arguments, and the null pointer that ends them.
int become_train(char** words) {
  std::error_code unknown;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (unknown) {
    return report_error(
        {Errc::kIo, fmt::format("cannot find qstar-train beside this program: /proc/self/exe: {}",
                                unknown.message())});
  }
  const std::string program = self.parent_path() / "qstar-train";
  if (auto loaded = check_loading(program); !loaded) return report_error(loaded.error());
  // One thread per process: BLAS reads these when it is loaded.
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  setenv("OMP_NUM_THREADS", "1", 0);
  block_interrupts();
  execv(program.c_str(), words);
  unblock_interrupts();
  return report_error(
      {Errc::kMissingFile, fmt::format("cannot start {}: {}; build it with 'make build'", program,
                                       std::strerror(errno))});
}

void add_help(CLI::App& app, std::vector<std::string>& words) {
  app.add_subcommand("help",
                     "Show the help of a subcommand\n\n"
                     "  qstar help\n"
                     "  qstar help eval\n"
                     "  qstar help replay ls")
      ->add_option("subcommand", words,
                   "Words of the subcommand to explain (default: the overview)")
      ->type_name(placeholder::kCommand);
}

// `qstar help replay ls` means `qstar replay ls --help`.
std::vector<char*> without_help(int argc, char** argv) {
  std::vector<char*> words(argv, argv + argc);
  static char help_flag[] = "--help";
  if (argc > 1 && std::string_view(argv[1]) == "help") {
    if (argc == 2 || argv[2][0] != '-') words.erase(words.begin() + 1);
    words.push_back(help_flag);
  }
  words.push_back(nullptr);
  return words;
}

void add_subcommands(CLI::App& app, int& code) {
  add_eval(app, code);
  add_solve(app, code);
  add_search(app, code);
  add_replay(app, code);
  add_label(app, code);
  add_report(app, code);
  add_compare(app, code);
  add_certs(app, code);
  add_worker(app, code);
  add_completion(app, code);
}

int run(int argc, char** argv) {
  if (argc > 3 && std::string_view(argv[1]) == "help" && std::string_view(argv[2]) != "replay" &&
      argv[3][0] != '\0') {
    return report_error(
        {Errc::kUsage,
         fmt::format("{} has no subcommands: there is no help on '{}'", argv[2], argv[3])});
  }
  std::vector<char*> words = without_help(argc, argv);
  if (words.size() > 2 && trains(words[1])) return become_train(words.data() + 1);
  CLI::App app{
      "Train models that solve problems by reinforcement learning, and inspect every attempt\n\n"
      "  qstar train configs/quickstart.toml\n"
      "  qstar sweep configs/quickstart.toml seed=1..3\n"
      "  qstar eval runs/quickstart-seed1 --held-out 2000\n"
      "  qstar solve runs/quickstart-seed1 '3+4*2-5'\n"
      "  qstar search runs/lights7 --states lightsout7.jsonl\n"
      "  qstar replay ls runs/quickstart-seed1\n"
      "  qstar label runs/quickstart-seed1 --steps\n"
      "  qstar report runs/quickstart-seed1",
      "qstar"};
  app.set_version_flag("--version", "qstar " QSTAR_VERSION, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.require_subcommand(1);
  int code = 0;
  TrainOptions train;
  std::vector<std::string> explained;
  SweepOptions sweep;
  add_train_options(*app.add_subcommand("train", kTrainHelp), train);
  add_sweep_options(*app.add_subcommand("sweep", kSweepHelp), sweep);
  add_subcommands(app, code);
  add_help(app, explained);
  return parse(app, static_cast<int>(words.size()) - 1, words.data()).value_or(code);
}

}  // namespace
}  // namespace qstar::cli

int main(int argc, char** argv) { qstar::cli::run_program(qstar::cli::run, argc, argv); }

// The command `qstar`. It never loads torch; `train` replaces this process by `qstar-train`.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/commands.hpp"

namespace qstar {
namespace {

int become_train(char** argv) {
  const std::string program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "qstar-train";
  // One thread a process: BLAS reads these when it is loaded.
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  setenv("OMP_NUM_THREADS", "1", 0);
  execv(program.c_str(), argv);
  return report_error(
      {Errc::kMissingFile, fmt::format("cannot start {}: {}; build it with 'make build'", program,
                                       std::strerror(errno))});
}

int run(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "train") return become_train(argv + 1);
  CLI::App app{
      "Train policies on their own wins, and look at what they did.\n\n"
      "  qstar train configs/quickstart.toml          pre-train, improve, report\n"
      "  qstar eval runs/quickstart-seed1 --held-out 2000\n"
      "  qstar solve runs/quickstart-seed1 '3+4*2-5'\n"
      "  qstar replay ls runs/quickstart-seed1/store",
      "qstar"};
  app.set_version_flag("--version", "qstar " QSTAR_VERSION);
  app.footer(
      "Exit codes: 0 done; 2 usage or configuration; 3 a file is missing or damaged; 4 disk, lock "
      "or other "
      "trouble of the system; 5 network; 6 an actor failed too often; 130 interrupted.");
  app.require_subcommand(1);
  int code = 0;
  app.add_subcommand("train", "run or resume an experiment (see 'qstar train --help')");
  add_eval(app, code);
  add_solve(app, code);
  add_replay(app, code);
  add_certs(app, code);
  add_worker(app, code);
  add_completion(app, code);
  return parse(app, argc, argv).value_or(code);
}

}  // namespace
}  // namespace qstar

int main(int argc, char** argv) {
  const int code = qstar::run(argc, argv);
  std::fflush(stdout);
  std::_Exit(code);  // a worker's actor system outlives everything: see actors/system.hpp
}

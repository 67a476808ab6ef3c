// The command `qstar`. It never loads torch; `train` replaces this process by `qstar-train`.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/commands.hpp"
#include "core/config.hpp"

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

// A first word that is no subcommand, with the one it may have been meant for.
std::optional<Error> unknown_subcommand(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return std::nullopt;
  std::vector<std::string> known;
  for (const auto* subcommand : app.get_subcommands({})) known.push_back(subcommand->get_name());
  if (std::find(known.begin(), known.end(), argv[1]) != known.end()) return std::nullopt;
  const std::string nearest = nearest_word(argv[1], known);
  return Error{Errc::kUsage,
               fmt::format("there is no subcommand '{}'{}; see 'qstar --help'", argv[1],
                           nearest.empty() ? "" : fmt::format(": did you mean '{}'?", nearest))};
}

int run(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "train") return become_train(argv + 1);
  CLI::App app{
      "Train policies on their own wins, and look at what they did.\n\n"
      "  qstar train configs/quickstart.toml          pre-train, improve, report\n"
      "  qstar eval runs/quickstart-seed1 --held-out 2000\n"
      "  qstar solve runs/quickstart-seed1 '3+4*2-5'\n"
      "  qstar search runs/lights7 --states lightsout7.jsonl\n"
      "  qstar replay ls runs/quickstart-seed1/store\n"
      "  qstar label runs/quickstart-seed1 --steps\n"
      "  qstar report runs/quickstart-seed1",
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
  add_search(app, code);
  add_replay(app, code);
  add_label(app, code);
  add_report(app, code);
  add_certs(app, code);
  add_worker(app, code);
  add_completion(app, code);
  if (const auto unknown = unknown_subcommand(app, argc, argv)) return report_error(*unknown);
  return parse(app, argc, argv).value_or(code);
}

}  // namespace
}  // namespace qstar

int main(int argc, char** argv) {
  const int code = qstar::run(argc, argv);
  std::fflush(stdout);
  std::_Exit(code);  // a worker's actor system outlives everything: see actors/system.hpp
}

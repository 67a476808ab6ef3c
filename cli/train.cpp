// `qstar-train`: what `qstar train` becomes once torch is wanted.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "actors/head.hpp"
#include "cli/commands.hpp"
#include "learning/policy_learner.hpp"

namespace qstar {
namespace {

std::atomic<bool> stop_requested{false};

void on_signal(int signal_number) {
  // A second Ctrl-C ends at once.
  if (stop_requested.exchange(true)) {
    ::signal(signal_number, SIG_DFL);
    ::raise(signal_number);
  }
}

// One line that is written over on a terminal; plain lines elsewhere.
class ProgressLine {
 public:
  void operator()(const Report& report) {
    if (report.line.empty()) return;
    const bool passing = report.row.phase == "pretrain" || report.row.phase == "rl";
    if (!terminal_) {
      // A log wants the story, not every frame of it.
      if (report.row.phase == "pretrain" && report.row.step % 100 != 0) return;
      fmt::print("{}\n", report.line);
    } else {
      fmt::print("\r\x1b[K{}{}", report.line, passing ? "" : "\n");
    }
    std::fflush(stdout);
  }

 private:
  bool terminal_ = isatty(STDOUT_FILENO) == 1;
};

int train(int argc, char** argv) {
  HeadOptions options;
  std::string config_path;
  std::vector<std::string> overrides;
  CLI::App app{
      "Train a policy on its own wins.\n\n"
      "  qstar train configs/quickstart.toml\n"
      "  qstar train configs/smoke.toml seed=7 rl.versions=10 --run runs/seven\n"
      "  qstar train configs/quickstart.toml --run runs/seven --resume\n"
      "  qstar train configs/quickstart.toml --workers 2 --http 8080\n"
      "  qstar train configs/quickstart.toml --listen 0.0.0.0:7000 --certs certs",
      "qstar train"};
  app.add_option("config", config_path, "experiment file (TOML)")->required();
  app.add_option("overrides", overrides, "dotted.key=value, in place of what the file says");
  app.add_option("--run", options.run_directory, "run directory; default runs/NAME-seedSEED");
  app.add_flag("--resume", options.resume, "go on from the newest checkpoint");
  app.add_option("--workers", options.workers, "further processes on this machine")
      ->check(CLI::Range(0, 64));
  app.add_flag("--deterministic", options.deterministic,
               "same seed, byte-identical model and trajectories");
  app.add_option("--listen", options.listen, "ADDR:PORT for workers of other machines");
  app.add_option("--certs", options.certificates, "directory made by 'qstar certs'");
  app.add_option("--http", options.http_port, "port of /metrics and /status")
      ->check(CLI::Range(0, 65535));
  app.add_option("--http-address", options.http_address, "where the gateway listens");
  if (const auto ended = parse(app, argc, argv)) return *ended;
  if (auto loaded = load_config(config_path, overrides, describe_of(options.config)); !loaded)
    return report_error(loaded.error());
  if (auto fits = check(options.config); !fits) return report_error(fits.error());
  if (options.run_directory.empty())
    options.run_directory = fmt::format("runs/{}-seed{}", options.config.name, options.config.seed);
  if (auto ready = prepare_torch(); !ready) return report_error(ready.error());
  options.worker_program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "qstar";
  options.stop = &stop_requested;
  options.show = ProgressLine();
  ::signal(SIGINT, on_signal);
  ::signal(SIGTERM, on_signal);
  ::signal(SIGPIPE, SIG_IGN);
  const auto end = run_head(options);
  if (!end) return report_error(end.error());
  fmt::print("\nfinished: greedy accuracy {:.4f}; report in {}/report.md\n",
             end->state.final_.value("/greedy/accuracy"_json_pointer, 0.0), options.run_directory);
  return 0;
}

}  // namespace
}  // namespace qstar

int main(int argc, char** argv) {
  const int code = qstar::train(argc, argv);
  std::fflush(stdout);
  std::_Exit(code);  // the actor system outlives everything: see actors/system.hpp
}

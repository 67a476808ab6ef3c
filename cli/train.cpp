// `qstar-train`: what `qstar train` and `qstar sweep` become once torch is wanted.
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "actors/head.hpp"
#include "cli/checked_settings.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/sweep.hpp"
#include "cli/terminal.hpp"
#include "cli/train_options.hpp"
#include "experiment/text/stages.hpp"
#include "learning/policy/policy_learner.hpp"

namespace qstar::cli {
namespace {

// The run's progress: one line that is written over on a terminal; plain lines, and fewer of them,
// elsewhere. A line that cannot be written does not stop the run: the end of the program says so.
class Progress {
 public:
  void operator()(const actors::ProgressUpdate& update) {
    if (update.line.empty() || too_soon(update)) return;
    if (update.passing)
      line_.show(update.line);
    else
      line_.keep(update.line);
  }

 private:
  bool too_soon(const actors::ProgressUpdate& update) {
    if (!update.passing) return false;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return true;
    next_ = now + std::chrono::milliseconds(line_.is_live() ? 100 : 5000);
    return false;
  }

  StatusLine line_{stdout};
  std::chrono::steady_clock::time_point next_{};
};

// The command line and the configuration, which was read once.
struct Command {
  TrainOptions options;
  ConfigText config;
};

actors::ProcessOptions process_options(const TrainOptions& o) {
  actors::ProcessOptions process;
  process.run_directory = o.run;
  process.resume = o.resume;
  process.workers = o.workers;
  process.listen = o.listen;
  process.certificates = o.certificates;
  process.http_port = o.http_port;
  process.http_address = o.http_address;
  process.log_level = o.log_level;
  process.log_terminal = o.log_terminal;
  return process;
}

// What all experiments need before they start.
Status prepare(actors::ProcessOptions& options, const std::string& name, std::int64_t seed) {
  if (options.run_directory.empty())
    options.run_directory = fmt::format("runs/{}-seed{}", name, seed);
  std::error_code unknown;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (unknown) {
    return fail(Errc::kIo,
                "cannot find qstar beside this program: /proc/self/exe: " + unknown.message());
  }
  options.worker_program = self.parent_path() / "qstar";
  options.stop = stop_on_interrupt();
  options.show = Progress();
  return {};
}

// The last words of a finished run; they say where the report is also where the progress was lost.
int finish(const std::string& result, const actors::ProcessOptions& options) {
  const std::string report = options.run_directory + "/report.md";
  StatusLine(stdout).keep(fmt::format("finished: {}; report in {}", result, report));
  const Status written = check_output();
  if (written) return 0;
  return report_error({written.error().code,
                       fmt::format("{}; the run is finished nevertheless, its report is in {}",
                                   written.error().message, report)});
}

// The figure that matters most: of the last stage that has one.
std::string result_of(const nlohmann::json& report) {
  std::string result = "all stages";
  for (const auto& stage : report.at("stages")) {
    const auto& figures = report.at("results").at(stage.at("name").get<std::string>());
    if (!figures.is_object()) continue;
    if (figures.contains("greedy"))
      result =
          fmt::format("greedy accuracy {:.4f}", figures.at("greedy").at("accuracy").get<double>());
    if (figures.contains("solved"))
      result = fmt::format("greedy play solves {:.4f}", figures.at("solved").get<double>());
  }
  return result;
}

int run(const Command& command) {
  actors::HeadOptions options{process_options(command.options), {}, experiment::stage_function};
  auto experiment = checked_experiment(command.config, command.options.overrides);
  if (!experiment) return report_error(experiment.error());
  options.config = std::move(*experiment);
  if (!options.config.of_puzzle())
    if (auto ready = learning::prepare_torch(); !ready) return report_error(ready.error());
  if (auto ready = prepare(options, options.config.name, options.config.seed); !ready)
    return report_error(ready.error());
  const auto report = actors::run_head(options);
  if (!report) return report_error(report.error());
  return finish(result_of(*report), options);
}

int train(int argc, char** argv) {
  CLI::App app{kTrainHelp, "qstar train"};
  app.set_help_flag("-h,--help", "Print this help and exit");
  Command command;
  add_train_options(app, command.options);
  if (const auto ended = parse(app, argc, argv)) return *ended;
  if (const auto parent = command.options.parent; parent > 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent)
      return report_error({Errc::kInterrupted, "the sweep that started this run has ended"});
  }
  auto config = read_config(command.options.config);
  if (!config) return report_error(config.error());
  command.config = std::move(*config);
  return run(command);
}

int train_or_sweep(int argc, char** argv) {
  const bool sweeps = argc > 0 && std::string_view(argv[0]) == "sweep";
  return sweeps ? sweep(argc, argv) : train(argc, argv);
}

}  // namespace
}  // namespace qstar::cli

int main(int argc, char** argv) { qstar::cli::run_program(qstar::cli::train_or_sweep, argc, argv); }

// `qstar-train`: what `qstar train` becomes once torch is wanted.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "actors/head.hpp"
#include "actors/puzzle_head.hpp"
#include "actors/story_head.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/terminal.hpp"
#include "cli/train_options.hpp"
#include "learning/policy_learner.hpp"

namespace qstar {
namespace {

// The run's progress: one line that is written over on a terminal; plain lines, and fewer of them,
// elsewhere. A line that cannot be written does not stop the run: the end of the program says so.
class Progress {
 public:
  void operator()(const Report& report) {
    if (report.line.empty() || too_soon(report)) return;
    const std::string& phase = report.row.phase;
    const bool passing = report.passing || phase == "pretrain" || phase == "rl" || phase == "train";
    if (passing)
      line_.show(report.line);
    else
      line_.keep(report.line);
  }

 private:
  bool too_soon(const Report& report) {
    const auto& row = report.row;
    if (row.phase == "pretrain") return !line_.is_live() && row.step % 100 != 0;
    if (row.phase != "train" && !report.passing) return false;
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

ProcessOptions process_options(const TrainOptions& o) {
  ProcessOptions process;
  process.run_directory = o.run;
  process.resume = o.resume;
  process.deterministic = o.deterministic;
  process.workers = o.workers;
  process.listen = o.listen;
  process.certificates = o.certificates;
  process.http_port = o.http_port;
  process.http_address = o.http_address;
  return process;
}

// What all experiments need before they start.
Status prepare(ProcessOptions& options, const std::string& name, std::int64_t seed) {
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

// Reads the configuration into its fields and checks that its parts fit each other.
template <class Config>
Status parse_checked(const Command& command, Config& config) {
  const auto& [source, toml] = command.config;
  const auto overrides = environment_overrides(command.options.overrides, "environment.");
  if (auto parsed = parse_config(toml, source, overrides, describe_of(config)); !parsed)
    return parsed;
  if (auto used = check_environment_overrides(config.environment, overrides, "environment."); !used)
    return used;
  return check(config);
}

// The last words of a finished run; they say where the report is also where the progress was lost.
int finish(const std::string& result, const ProcessOptions& options) {
  const std::string report = options.run_directory + "/report.md";
  StatusLine(stdout).keep(fmt::format("finished: {}; report in {}", result, report));
  const Status written = check_output();
  if (written) return 0;
  return report_error({written.error().code,
                       fmt::format("{}; the run is finished nevertheless, its report is in {}",
                                   written.error().message, report)});
}

int train_text(const Command& command) {
  HeadOptions options{process_options(command.options), {}, nullptr};
  if (auto read = parse_checked(command, options.config); !read) return report_error(read.error());
  if (auto ready = prepare_torch(); !ready) return report_error(ready.error());
  if (auto ready = prepare(options, options.config.name, options.config.seed); !ready)
    return report_error(ready.error());
  const auto end = run_head(options);
  if (!end) return report_error(end.error());
  const double accuracy = end->state.final_.value("/greedy/accuracy"_json_pointer, 0.0);
  return finish(fmt::format("greedy accuracy {:.4f}", accuracy), options);
}

int train_puzzle(const Command& command, const std::string& puzzle) {
  PuzzleHeadOptions options{process_options(command.options), {}};
  if (auto read = parse_checked(command, options.config); !read) {
    return report_error(
        {read.error().code, fmt::format("{} (environment.name = {}: an experiment on a puzzle)",
                                        read.error().message, puzzle)});
  }
  if (auto ready = prepare(options, options.config.name, options.config.seed); !ready)
    return report_error(ready.error());
  const auto end = run_puzzle_head(options);
  if (!end) return report_error(end.error());
  return finish(fmt::format("greedy play solves {:.4f}", end->state.newest.solved), options);
}

int train_story(const Command& command) {
  StoryHeadOptions options{process_options(command.options), {}};
  if (auto read = parse_checked(command, options.config); !read) return report_error(read.error());
  if (auto ready = prepare_torch(); !ready) return report_error(ready.error());
  if (auto ready = prepare(options, options.config.name, options.config.seed); !ready)
    return report_error(ready.error());
  const auto report = run_story_head(options);
  if (!report) return report_error(report.error());
  const double accuracy = report->value("/final/greedy/accuracy"_json_pointer, 0.0);
  return finish(fmt::format("greedy accuracy {:.4f}", accuracy), options);
}

int train(int argc, char** argv) {
  CLI::App app{kTrainHelp, "qstar train"};
  app.set_help_flag("-h,--help", "Print this help and exit");
  Command command;
  add_train_options(app, command.options);
  if (const auto ended = parse(app, argc, argv)) return *ended;
  auto config = read_config(command.options.config);
  if (!config) return report_error(config.error());
  command.config = std::move(*config);
  const auto peek = [&command](const char* key) {
    return peek_config(command.config.toml, command.options.overrides, key);
  };
  if (!peek("experiment").empty()) return train_story(command);
  const std::string environment = peek("environment.name");
  const auto puzzles = puzzle_names();
  const bool is_puzzle = std::find(puzzles.begin(), puzzles.end(), environment) != puzzles.end();
  return is_puzzle ? train_puzzle(command, environment) : train_text(command);
}

}  // namespace
}  // namespace qstar

int main(int argc, char** argv) { qstar::run_program(qstar::train, argc, argv); }

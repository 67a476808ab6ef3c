// `qstar-train`: what `qstar train` becomes once torch is wanted.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "actors/head.hpp"
#include "actors/puzzle_head.hpp"
#include "actors/story_head.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "learning/policy_learner.hpp"

namespace qstar {
namespace {

// One line that is written over on a terminal; plain lines elsewhere.
class ProgressLine {
 public:
  void operator()(const Report& report) {
    const std::string& phase = report.row.phase;
    if (report.line.empty() || too_soon(report)) return;
    const bool passing = report.passing || phase == "pretrain" || phase == "rl" || phase == "train";
    if (!terminal_)
      fmt::print("{}\n", report.line);
    else
      fmt::print("\r\x1b[K{}{}", report.line, passing ? "" : "\n");
    std::fflush(stdout);
  }

 private:
  // A log wants the story, not every frame of it.
  bool too_soon(const Report& report) {
    const auto& row = report.row;
    if (row.phase == "pretrain") return !terminal_ && row.step % 100 != 0;
    if (row.phase != "train" && !report.passing) return false;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return true;
    next_ = now + std::chrono::milliseconds(terminal_ ? 100 : 5000);
    return false;
  }

  bool terminal_ = isatty(STDOUT_FILENO) == 1;
  std::chrono::steady_clock::time_point next_{};
};

// The command line, but for what the configuration file says.
struct Words {
  std::string config;
  std::vector<std::string> overrides;
  ProcessOptions process;
};

void describe(CLI::App& app, Words& words) {
  ProcessOptions& options = words.process;
  app.add_option("config", words.config, "experiment file (TOML)")->required();
  app.add_option("overrides", words.overrides, "dotted.key=value, in place of what the file says");
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
}

// What all experiments need before they start.
void prepare(ProcessOptions& options, const std::string& name, std::int64_t seed) {
  if (options.run_directory.empty())
    options.run_directory = fmt::format("runs/{}-seed{}", name, seed);
  options.worker_program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "qstar";
  options.stop = &stop_on_interrupt();
  options.show = ProgressLine();
  ::signal(SIGPIPE, SIG_IGN);
}

// The file and the words that override it, and whether its parts fit each other.
template <class Config>
Status load_checked(const Words& words, Config& config) {
  if (auto loaded = load_config(words.config, words.overrides, describe_of(config)); !loaded)
    return loaded;
  return check(config);
}

int train_text(const Words& words) {
  HeadOptions options{words.process, {}, nullptr};
  if (auto loaded = load_checked(words, options.config); !loaded)
    return report_error(loaded.error());
  if (auto ready = prepare_torch(); !ready) return report_error(ready.error());
  prepare(options, options.config.name, options.config.seed);
  const auto end = run_head(options);
  if (!end) return report_error(end.error());
  fmt::print("\nfinished: greedy accuracy {:.4f}; report in {}/report.md\n",
             end->state.final_.value("/greedy/accuracy"_json_pointer, 0.0), options.run_directory);
  return 0;
}

int train_puzzle(const Words& words, const std::string& puzzle) {
  PuzzleHeadOptions options{words.process, {}};
  if (auto loaded = load_config(words.config, words.overrides, describe_of(options.config));
      !loaded) {
    return report_error(
        {loaded.error().code, fmt::format("{} (environment.name = {}: an experiment on a puzzle)",
                                          loaded.error().message, puzzle)});
  }
  if (auto fits = check(options.config); !fits) return report_error(fits.error());
  prepare(options, options.config.name, options.config.seed);
  const auto end = run_puzzle_head(options);
  if (!end) return report_error(end.error());
  fmt::print("\nfinished: greedy play solves {:.4f}; report in {}/report.md\n",
             end->state.newest.solved, options.run_directory);
  return 0;
}

int train_story(const Words& words) {
  StoryHeadOptions options{words.process, {}};
  if (auto loaded = load_checked(words, options.config); !loaded)
    return report_error(loaded.error());
  if (auto ready = prepare_torch(); !ready) return report_error(ready.error());
  prepare(options, options.config.name, options.config.seed);
  const auto report = run_story_head(options);
  if (!report) return report_error(report.error());
  fmt::print("\nfinished: greedy accuracy {:.4f}; report in {}/report.md\n",
             report->value("/final/greedy/accuracy"_json_pointer, 0.0), options.run_directory);
  return 0;
}

int train(int argc, char** argv) {
  CLI::App app{
      "Train a policy on its own wins, or a puzzle's deep Q-network.\n\n"
      "  qstar train configs/quickstart.toml\n"
      "  qstar train configs/smoke.toml seed=7 rl.versions=10 --run runs/seven\n"
      "  qstar train configs/quickstart.toml --run runs/seven --resume\n"
      "  qstar train configs/cube3.toml training.cpu_seconds=600 --workers 1\n"
      "  qstar train configs/quickstart.toml --workers 2 --http 8080\n"
      "  qstar train configs/quickstart.toml --listen 0.0.0.0:7000 --certs certs",
      "qstar train"};
  Words words;
  describe(app, words);
  if (const auto ended = parse(app, argc, argv)) return *ended;
  if (!peek_config(words.config, words.overrides, "experiment").empty()) return train_story(words);
  const std::string environment = peek_config(words.config, words.overrides, "environment.name");
  const auto puzzles = puzzle_names();
  const bool is_puzzle = std::find(puzzles.begin(), puzzles.end(), environment) != puzzles.end();
  return is_puzzle ? train_puzzle(words, environment) : train_text(words);
}

}  // namespace
}  // namespace qstar

int main(int argc, char** argv) {
  const int code = qstar::train(argc, argv);
  std::fflush(stdout);
  std::_Exit(code);  // the actor system outlives everything: see actors/system.hpp
}

// `qstar sweep`: a grid of runs, each a process of its own, and one comparison at the end.
#include "cli/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "cli/commands.hpp"
#include "cli/checked_settings.hpp"
#include "cli/interrupt.hpp"
#include "cli/measured_runs.hpp"
#include "cli/output.hpp"
#include "cli/sweep_options.hpp"
#include "cli/sweep_runs.hpp"
#include "cli/terminal.hpp"
#include "core/printable.hpp"
#include "persistence/directory_lock.hpp"
#include "core/files.hpp"

namespace qstar::cli {
namespace {

constexpr std::uint64_t kManyRuns = 100;  // more are started with --yes alone
constexpr std::uint64_t kMostRuns = 100'000;

Result<std::vector<SweepRun>> runs_of(const SweepOptions& options) {
  std::vector<SweepAxis> axes;
  for (const auto& text : options.axes) {
    auto axis = parse_axis(text);
    if (!axis) return tl::unexpected(axis.error());
    axes.push_back(std::move(*axis));
  }
  const auto size = grid_size(axes);
  for (const auto& axis : axes)
    if (axis.key == "name" && axis.values.size() > 1)
      return fail(Errc::kUsage,
                  "name only names a run and changes nothing in it: vary other "
                  "settings, such as seed=1..3");
  if (size > kMostRuns)
    return fail(Errc::kUsage, fmt::format("these settings make {} runs, more than the {} that a "
                                          "sweep can have: vary fewer settings",
                                          size, kMostRuns));
  if (size > kManyRuns && !options.yes)
    return fail(Errc::kUsage, fmt::format("these settings make {} runs: confirm with --yes", size));
  return sweep_grid(axes);
}

// Whether the run's folder, if there is one, belongs to this run.
Status check_recorded(const std::string& folder, const std::string& settings) {
  const auto path = folder + "/config.toml";
  if (!is_there(path)) return {};
  const auto recorded = read_config(path);
  if (!recorded) return tl::unexpected(recorded.error());
  const auto was = config_values(recorded->toml), is = config_values(settings);
  for (const auto& [key, value] : is) {
    const auto found = was.find(key);
    if (found != was.end() && found->second == value) continue;
    return fail(Errc::kConfig,
                fmt::format("{} holds a run with {} = {}, not {}: give another folder with --out",
                            folder, key, found == was.end() ? "(none)" : found->second, value));
  }
  return {};
}

// The settings that the held-out problems come from.
using Values = std::map<std::string, std::string>;
Values environment_in(const std::string& settings) {
  Values values = config_values(settings);
  std::erase_if(values, [](const auto& entry) { return !entry.first.starts_with("environment."); });
  return values;
}

// Whether the runs can be compared: on the problems of one environment.
Status check_environment(const SweepOptions& options, const ConfigText& config,
                         const std::vector<SweepRun>& runs) {
  std::optional<Values> first;
  for (const SweepRun& run : runs) {
    auto overrides = run.overrides;
    for (const auto& setting : options.environment) overrides.push_back("environment." + setting);
    const auto settings = checked_settings(config, overrides);
    if (!settings) return fail(settings.error().code, "--environment: " + settings.error().message);
    const auto values = environment_in(*settings);
    if (!first) first = values;
    if (values == *first) continue;
    return fail(Errc::kUsage,
                "the runs would be trained on different environments, so they have no held-out "
                "problems in common: choose one for all with --environment KEY=VALUE");
  }
  return {};
}

// Every run's settings, before any run is started.
Result<std::vector<std::string>> settings_of(const ConfigText& config,
                                             const std::vector<SweepRun>& runs) {
  std::vector<std::string> all;
  for (const SweepRun& run : runs) {
    auto settings = checked_settings(config, run.overrides);
    if (!settings) return tl::unexpected(settings.error());
    all.push_back(std::move(*settings));
  }
  return all;
}

// Whether the folder may hold these runs. Nothing is written.
Status check_folder(const SweepPlan& plan, const std::vector<std::string>& settings) {
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const auto mine = check_recorded(plan.folder + "/" + plan.runs[i].name, settings[i]);
    if (!mine) return mine;
  }
  return {};
}

Result<SweepPlan> plan_of(const SweepOptions& options, const ConfigText& config) {
  SweepPlan plan;
  auto runs = runs_of(options);
  if (!runs) return tl::unexpected(runs.error());
  plan.runs = std::move(*runs);
  plan.jobs = options.jobs;
  const auto settings = settings_of(config, plan.runs);
  if (!settings) return tl::unexpected(settings.error());
  if (auto same = check_environment(options, config, plan.runs); !same)
    return tl::unexpected(same.error());
  const auto name = peek_config(settings->front(), {}, "name");
  plan.folder = options.out.empty() ? "runs/sweep-" + name : options.out;
  if (plan.folder.starts_with('-')) plan.folder = "./" + plan.folder;  // no option of `train`
  plan.config = plan.folder + "/experiment.toml";
  if (auto fits = check_folder(plan, *settings); !fits) return tl::unexpected(fits.error());
  std::error_code error;
  plan.program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail(Errc::kIo, "cannot find this program: /proc/self/exe: " + error.message());
  return plan;
}

// The folder with the configuration in it, locked against another sweep.
Result<persistence::DirectoryLock> take_folder(const SweepPlan& plan, const ConfigText& config) {
  std::error_code error;
  std::filesystem::create_directories(plan.folder, error);
  if (error)
    return fail(Errc::kIo, fmt::format("cannot create {}: {}", plan.folder, error.message()));
  auto lock = persistence::DirectoryLock::acquire(plan.folder);
  if (!lock) return lock;
  if (auto written = write_file_atomically(plan.config, config.toml); !written)
    return tl::unexpected(written.error());
  return lock;
}

// Of the runs that finished.
Status compare(const SweepOptions& options, const SweepPlan& plan,
               const std::vector<SweepOutcome>& outcomes, const StatusLine& line) {
  std::vector<std::string> folders;
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].finished) folders.push_back(plan.folder + "/" + plan.runs[i].name);
  if (folders.size() < 2) return {};
  const MeasureOptions how{options.problems, options.environment, stop_on_interrupt(),
                           [&line](const std::string& text) {
                             if (line.is_live()) line.show(text);
                           }};
  const auto measured = measure_runs(folders, how);
  line.clear();
  if (!measured) return tl::unexpected(measured.error());
  write_text(stderr, shortfall_of(measured->problems(), options.problems));
  const auto comparison = serving::compare_runs(measured->runs);
  if (!comparison) return tl::unexpected(comparison.error());
  const auto text = printable_lines(serving::comparison_text(*comparison, measured->cost_unit));
  write_text(stdout, "\n" + text);
  if (auto saved = write_file_atomically(plan.folder + "/comparison.txt", text); !saved)
    return saved;
  return write_file_atomically(
      plan.folder + "/comparison.json",
      serving::comparison_json(*comparison, measured->cost_unit).dump(2) + "\n");
}

// The exit code: of the first run that failed, once everything else is done.
int end_of(const std::vector<SweepOutcome>& outcomes) {
  std::size_t failed = 0;
  int code = 0;
  for (const auto& outcome : outcomes) {
    if (outcome.finished || outcome.interrupted) continue;
    ++failed;
    if (code == 0) code = outcome.exit_code;
  }
  if (failed > 0)
    write_text(stderr, fmt::format("qstar: {} of {} runs failed; after repairing the cause, the "
                                   "same command resumes them\n",
                                   failed, outcomes.size()));
  return code;
}

int interrupted(const std::vector<SweepOutcome>& outcomes) {
  const auto finished = std::count_if(outcomes.begin(), outcomes.end(),
                                      [](const SweepOutcome& outcome) { return outcome.finished; });
  return report_error(
      {Errc::kInterrupted, fmt::format("interrupted: {} of {} runs are finished, the others can be "
                                       "resumed: repeat the same command",
                                       finished, outcomes.size())});
}

int run_sweep(const SweepOptions& options) {
  const auto config = read_config(options.config);
  if (!config) return report_error(config.error());
  const auto plan = plan_of(options, *config);
  if (!plan) return report_error(plan.error());
  const StatusLine line(stdout);
  const auto show =
      [&line, next = std::chrono::steady_clock::time_point()](const std::string& text) mutable {
        if (!line.is_live() && std::chrono::steady_clock::now() < next) return;
        next = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        line.show(text);
      };
  const auto keep = [&line](const std::string& text) { line.keep(text); };
  const auto stop = stop_on_interrupt();
  const auto lock = take_folder(*plan, *config);
  if (!lock) return report_error(lock.error());
  const auto outcomes = SweepRuns(*plan, show, keep).finish(stop);
  line.clear();
  const bool all_ended = std::none_of(outcomes.begin(), outcomes.end(),
                                      [](const SweepOutcome& o) { return o.interrupted; });
  if (!all_ended) return interrupted(outcomes);
  const int code = end_of(outcomes);
  const auto compared = compare(options, *plan, outcomes, line);
  if (compared) return code;
  const int own = report_error(compared.error());
  return code == 0 ? own : code;
}

}  // namespace

int sweep(int argc, char** argv) {
  CLI::App app{kSweepHelp, "qstar sweep"};
  app.set_help_flag("-h,--help", "Print this help and exit");
  SweepOptions options;
  add_sweep_options(app, options);
  if (const auto ended = parse(app, argc, argv)) return *ended;
  return run_sweep(options);
}

}  // namespace qstar::cli

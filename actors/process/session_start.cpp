#include "actors/process/session_start.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace qstar::actors {

void show_line(const ProcessOptions& options, const char* phase, std::string line) {
  announce(options, LogLevel::kInfo, update_of(phase, 0, std::move(line)));
}

void log_start(const RunDirectory& directory, const ProcessOptions& options,
               const experiment::Experiment& config) {
  const char* event = options.resume                 ? "the run is resumed"
                      : directory.history().finished ? "the run is finished already"
                                                     : "the run starts";
  std::vector<std::string_view> stages;
  for (const auto* stage : config.active()) stages.push_back(stage->name);
  experiment::Experiment described = config;
  log(LogLevel::kInfo, "head", event,
      {{"version", QSTAR_VERSION},
       {"stages", fmt::format("{}", fmt::join(stages, ", "))},
       {"config_hash", config_hash(describe_of(described))}});
}

Result<RunDirectory> open_run(const ProcessOptions& options, const experiment::Experiment& config) {
  auto directory = RunDirectory::open(options.run_directory, config, options.resume,
                                      experiment::adjustable_settings(config));
  if (!directory) return directory;
  if (auto opened = open_run_log(options, directory->path()); !opened)
    return tl::unexpected(opened.error());
  log_start(*directory, options, config);
  if (!directory->warning().empty())
    show_line(options, "resume", "warning: " + directory->warning());
  return directory;
}

Status adopt_changes(RunDirectory& directory, const ProcessOptions& options) {
  if (directory.changes().empty()) return {};
  auto summary = "continuing with " + summary_of(directory.changes());
  if (auto adopted = directory.adopt(); !adopted) return adopted;
  show_line(options, "resume", std::move(summary));
  return {};
}

Error cause_of(const Error& error, const RunDirectory& directory) {
  const auto there = directory.intact();
  return there ? error : there.error();
}

}  // namespace qstar::actors

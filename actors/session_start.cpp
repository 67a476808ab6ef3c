#include "actors/session_start.hpp"

#include <fmt/format.h>

namespace qstar {

void show_line(const ProcessOptions& options, const char* phase, std::string line) {
  announce(options, LogLevel::kInfo, report_of(phase, 0, std::move(line)));
}

void log_start(const RunDirectory& directory, const ProcessOptions& options, const RunKind& kind,
               const std::string& config_hash) {
  const char* event = options.resume                 ? "the run is resumed"
                      : directory.history().finished ? "the run is finished already"
                                                     : "the run starts";
  log(LogLevel::kInfo, "head", event,
      {{"version", QSTAR_VERSION},
       {"experiment", std::string(kind.name)},
       {"config_hash", config_hash}});
}

Result<CheckpointDirectory::Loaded> load_checkpoint(const CheckpointDirectory& checkpoints,
                                                    const RunDirectory& directory,
                                                    const ProcessOptions& options) {
  auto loaded = checkpoints.load_newest();
  if (!loaded && loaded.error().code == Errc::kMissingFile) {
    if (auto unstarted = directory.check_unstarted(); !unstarted)
      return tl::unexpected(unstarted.error());
    if (options.resume)
      show_line(options, "resume",
                "the run was stopped before its first checkpoint: starting from the beginning");
    return CheckpointDirectory::Loaded{};
  }
  if (!loaded) return loaded;
  if (auto there = directory.check_store(); !there) return tl::unexpected(there.error());
  for (const auto& warning : loaded->warnings)
    show_line(options, "checkpoint", "warning: " + warning);
  if (options.resume)
    show_line(options, "resume", fmt::format("resuming from checkpoint {}", loaded->serial));
  return loaded;
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

RunControl control_of(const ProcessOptions& options, RunDirectory& directory,
                      std::shared_ptr<CheckpointDirectory> checkpoints) {
  for (const auto* name : {"store", "store/CURRENT", "checkpoints"}) directory.guard(name);
  RunControl control;
  control.save_checkpoint = [&directory, checkpoints = std::move(checkpoints)](
                                std::uint64_t serial, const CheckpointParts& parts) {
    return directory.save_checkpoint(*checkpoints, serial, parts);
  };
  control.intact = [&directory] { return directory.intact(); };
  control.stop = options.stop;
  return control;
}

}  // namespace qstar

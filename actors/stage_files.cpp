#include "actors/stage_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/files.hpp"
#include "core/printable.hpp"

namespace qstar::actors {
namespace {

namespace fs = std::filesystem;

// What the folder holds; nothing where it cannot be read.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool has_saves(const std::string& folder) {
  const auto labels = entries_of(folder);
  return std::any_of(labels.begin(), labels.end(),
                     [](const fs::path& label) { return !entries_of(label).empty(); });
}

// Checkpoints of versions before there were labels.
bool has_old_saves(const std::string& folder) {
  const auto entries = entries_of(folder);
  return std::any_of(entries.begin(), entries.end(), [](const fs::path& entry) {
    std::error_code ignored;
    return fs::exists(entry / "MANIFEST.json", ignored);
  });
}

// What is left of the mark of a stage that is to run again.
std::string reopened(const std::string& mark) { return mark + ".reopened"; }

Error missing(const std::string& what, const std::string& why) {
  return {Errc::kMissingFile,
          fmt::format("{} {}: put back what was deleted, or start again with another --run",
                      printable(what), why)};
}

// The folders of the saves of a stage and of its parts.
std::vector<fs::path> saves_of(const std::string& run, std::string_view stage) {
  auto folders = entries_of(run + "/checkpoints");
  const auto dotted = fmt::format("{}.", stage);
  std::erase_if(folders, [&](const fs::path& folder) {
    const std::string label = folder.filename();
    return (label != stage && !label.starts_with(dotted)) || entries_of(folder).empty();
  });
  return folders;
}

}  // namespace

Result<StageFiles> StageFiles::open(const RunDirectory& directory,
                                    const experiment::CheckpointConfig& config) {
  StageFiles files(directory.path(), config);
  if (has_old_saves(directory.file("checkpoints")))
    return fail(Errc::kSchema,
                fmt::format("{} is of a run that an earlier version of qstar began: resume it with "
                            "that version, or start again with another --run",
                            printable(directory.file("checkpoints"))));
  const auto history = directory.history();
  const auto finished = files.finished();
  // Single ones may have been deleted to have their stages run again, or be reopened.
  if (entries_of(directory.file("stages")).empty() && history.stages > 0)
    return tl::unexpected(missing(
        directory.file("stages"),
        fmt::format("is missing or empty, although {} stages are finished", history.stages)));
  if (history.begun() || !finished.empty()) {
    if (auto there = directory.check_store(); !there) return tl::unexpected(there.error());
  }
  files.fresh_ = finished.empty() && !has_saves(directory.file("checkpoints"));
  if (files.fresh_) {
    if (auto unstarted = directory.check_unstarted(); !unstarted)
      return tl::unexpected(unstarted.error());
  } else if (history.checkpoint_last && !has_saves(directory.file("checkpoints"))) {
    return tl::unexpected(missing(directory.file("checkpoints"),
                                  "is missing or empty, although a stage was saved in it"));
  }
  return files;
}

bool StageFiles::has_saved(std::string_view stage) const { return !saves_of(path_, stage).empty(); }

std::vector<std::string> StageFiles::finished() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_of(path_ + "/stages"))
    if (entry.extension() == ".json") names.push_back(entry.stem());
  return names;
}

std::string StageFiles::mark_file(std::string_view stage) const {
  return fmt::format("{}/stages/{}.json", path_, stage);
}

Result<std::string> StageFiles::mark(std::string_view stage) const {
  return read_file(mark_file(stage));
}

Status StageFiles::finish(std::string_view stage, std::string_view mark) {
  const std::string folder = path_ + "/stages";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(Errc::kIo, fmt::format("cannot make {}: {}", printable(folder), error.message()));
  if (auto written = write_file_atomically(mark_file(stage), mark); !written) return written;
  fs::remove(reopened(mark_file(stage)), error);
  return {};
}

Status StageFiles::reopen(const RunDirectory& directory, std::string_view stage, bool from_saves) {
  std::error_code error;
  const auto saves = saves_of(directory.path(), stage);
  for (const auto& save : from_saves ? std::vector<fs::path>() : saves) {
    fs::remove_all(save, error);
    if (error)
      return fail(Errc::kIo,
                  fmt::format("cannot remove {}: {}", printable(save.string()), error.message()));
  }
  const auto file = directory.file(fmt::format("stages/{}.json", stage));
  if (!is_there(file)) return {};
  if (from_saves && saves.empty())
    return tl::unexpected(missing(
        directory.file("checkpoints"),
        fmt::format("is missing or holds no save of stage {}, although it is finished", stage)));
  fs::rename(file, reopened(file), error);
  if (error)
    return fail(Errc::kIo, fmt::format("cannot rename {}: {}", printable(file), error.message()));
  return {};
}

persistence::CheckpointDirectory StageFiles::checkpoints(std::string_view label) const {
  return {fmt::format("{}/checkpoints/{}", path_, label), config_.keep};
}

Result<persistence::CheckpointDirectory::Loaded> StageFiles::load(std::string_view label) {
  auto loaded = checkpoints(label).load_newest();
  if (!loaded && loaded.error().code == Errc::kMissingFile)
    return persistence::CheckpointDirectory::Loaded{};
  return loaded;
}

bool StageFiles::is_time_to_save(double now) {
  if (last_save_ < 0) last_save_ = now;
  if (now - last_save_ < config_.seconds) return false;
  last_save_ = now;
  return true;
}

Result<std::uint64_t> StageFiles::save(std::string_view label,
                                       const experiment::SavedParts& parts) {
  auto directory = checkpoints(label);
  const auto serials = directory.list();
  if (!serials) return tl::unexpected(serials.error());
  const std::uint64_t serial = serials->empty() ? 1 : serials->back() + 1;
  if (auto written = directory.write(serial, parts); !written)
    return tl::unexpected(written.error());
  return serial;
}

}  // namespace qstar::actors

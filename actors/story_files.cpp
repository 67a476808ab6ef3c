#include "actors/story_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/files.hpp"
#include "core/printable.hpp"

namespace qstar {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// What the folder holds; nothing where it cannot be read.
std::vector<fs::path> entries_of(const std::string& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

Error missing(const std::string& what, const std::string& why) {
  return {Errc::kMissingFile,
          fmt::format("{} {}: put back what was deleted, or start again with another --run",
                      printable(what), why)};
}

// What keep() writes.
bool is_stage(const json& kept) {
  if (!kept.is_object() || !kept.contains("report") || !kept.contains("models")) return false;
  const json& models = kept["models"];
  return models.is_array() && std::all_of(models.begin(), models.end(),
                                          [](const json& name) { return name.is_string(); });
}

}  // namespace

Result<StoryFiles> StoryFiles::open(const RunDirectory& directory, const CheckpointConfig& config) {
  StoryFiles files(directory.path(), config);
  const auto history = directory.history();
  const auto finished = files.finished();
  // Single ones may have been deleted to have their stages run again.
  if (finished.empty() && history.stages > 0)
    return tl::unexpected(missing(
        directory.file("stages"),
        fmt::format("is missing or empty, although {} stages are finished", history.stages)));
  if (history.begun() || !finished.empty()) {
    if (auto there = directory.check_store(); !there) return tl::unexpected(there.error());
  }
  if (history.checkpoint_last && entries_of(directory.file("checkpoints")).empty())
    return tl::unexpected(missing(directory.file("checkpoints"),
                                  "is missing or empty, although a stage was saved in it"));
  for (const auto* folder : {"stages", "models"}) {
    std::error_code error;
    fs::create_directories(directory.file(folder), error);
    if (error)
      return fail(Errc::kIo, fmt::format("cannot make {}: {}", printable(directory.file(folder)),
                                         error.message()));
  }
  return files;
}

std::vector<std::string> StoryFiles::finished() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_of(path_ + "/stages"))
    if (entry.extension() == ".json") names.push_back(entry.stem());
  return names;
}

std::string StoryFiles::stage_file(std::string_view stage) const {
  return fmt::format("{}/stages/{}.json", path_, stage);
}
std::string StoryFiles::model_file(std::string_view model) const {
  return fmt::format("{}/models/{}.safetensors", path_, model);
}

Result<bool> StoryFiles::restore(std::string_view stage, Story& story) {
  const auto path = stage_file(stage);
  const auto bytes = read_file(path);
  if (!bytes && bytes.error().code == Errc::kMissingFile) return false;
  if (!bytes) return tl::unexpected(bytes.error());
  const auto kept = json::parse(*bytes, nullptr, false);
  if (!is_stage(kept))
    return fail(Errc::kCorrupt, fmt::format("{} is damaged: delete it to have the stage run again",
                                            printable(path)));
  for (const std::string name : kept.at("models")) {
    if (story.models.contains(name)) continue;
    auto model = read_model(model_file(name));
    if (!model && model.error().code == Errc::kMissingFile)
      return tl::unexpected(missing(model_file(name), "is missing, although a stage has made it"));
    if (!model) return tl::unexpected(model.error());
    story.models[name] = std::move(*model);
    written_.insert(name);
  }
  story.report = kept.at("report");
  return true;
}

Status StoryFiles::keep(std::string_view stage, const Story& story) {
  json names = json::array();
  for (const auto& [name, model] : story.models) {
    names.push_back(name);
    if (!written_.insert(name).second) continue;
    ModelFile described = model;
    // A scorer names its role in its metadata; a learner's policy does not.
    const auto role = described.metadata.find("role");
    described.metadata =
        metadata_of(story.config(), role == described.metadata.end() ? "policy" : role->second);
    if (auto done = write_model(described, model_file(name)); !done) return done;
  }
  const json kept = {{"models", std::move(names)}, {"report", story.report}};
  *saved_ = false;
  return write_file_atomically(stage_file(stage), kept.dump());
}

CheckpointDirectory StoryFiles::checkpoints(std::string_view label) const {
  return {fmt::format("{}/checkpoints/{}", path_, label), config_.keep};
}

Result<StoryFiles::Parts> StoryFiles::load(std::string_view label) {
  auto loaded = checkpoints(label).load_newest();
  if (!loaded && loaded.error().code == Errc::kMissingFile) return Parts{};
  if (!loaded) return tl::unexpected(loaded.error());
  *saved_ = true;
  return std::move(loaded->parts);
}

bool StoryFiles::is_time_to_save(double now) {
  if (last_save_ < 0) last_save_ = now;
  if (now - last_save_ < config_.seconds) return false;
  last_save_ = now;
  return true;
}

Result<std::uint64_t> StoryFiles::save(std::string_view label, const Parts& parts) {
  auto directory = checkpoints(label);
  const auto serials = directory.list();
  if (!serials) return tl::unexpected(serials.error());
  const std::uint64_t serial = serials->empty() ? 1 : serials->back() + 1;
  if (auto written = directory.write(serial, parts); !written)
    return tl::unexpected(written.error());
  *saved_ = true;
  return serial;
}

}  // namespace qstar

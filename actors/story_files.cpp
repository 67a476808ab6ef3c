#include "actors/story_files.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace qstar {
namespace {

using nlohmann::json;

}  // namespace

Result<StoryFiles> StoryFiles::open(const std::string& run_directory,
                                    const CheckpointConfig& config) {
  for (const auto* folder : {"/stages", "/models"}) {
    std::error_code error;
    std::filesystem::create_directories(run_directory + folder, error);
    if (error)
      return fail(Errc::kIo,
                  fmt::format("cannot make {}{}: {}", run_directory, folder, error.message()));
  }
  return StoryFiles(run_directory, config);
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
  if (!kept.is_object() || !kept.contains("report") || !kept.contains("models"))
    return fail(Errc::kCorrupt,
                fmt::format("{} is damaged: delete it to have the stage run again", path));
  for (const std::string name : kept.at("models")) {
    if (story.models.contains(name)) continue;
    auto model = read_model(model_file(name));
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
    ModelFile told = model;
    // A learner's policy says nothing of itself, a scorer its role.
    const auto role = told.metadata.find("role");
    told.metadata =
        metadata_of(story.config(), role == told.metadata.end() ? "policy" : role->second);
    if (auto done = write_model(told, model_file(name)); !done) return done;
  }
  const json kept = {{"models", std::move(names)}, {"report", story.report}};
  return write_file_atomically(stage_file(stage), kept.dump());
}

CheckpointDirectory StoryFiles::checkpoints(std::string_view label) const {
  return {fmt::format("{}/checkpoints/{}", path_, label), config_.keep};
}

Result<StoryFiles::Parts> StoryFiles::load(std::string_view label) const {
  auto loaded = checkpoints(label).load_newest();
  if (!loaded && loaded.error().code == Errc::kMissingFile) return Parts{};
  if (!loaded) return tl::unexpected(loaded.error());
  return std::move(loaded->parts);
}

Status StoryFiles::save(std::string_view label, const std::function<Parts()>& parts, double now,
                        bool at_once) {
  if (last_save_ < 0) last_save_ = now;
  if (!at_once && now - last_save_ < config_.seconds) return {};
  last_save_ = now;
  auto directory = checkpoints(label);
  const auto serials = directory.list();
  if (!serials) return tl::unexpected(serials.error());
  return directory.write(serials->empty() ? 1 : serials->back() + 1, parts());
}

}  // namespace qstar

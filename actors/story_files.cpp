#include "actors/story_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/printable.hpp"

namespace qstar::actors {
namespace {

using nlohmann::json;

// What keep() writes.
bool is_stage(const json& kept) {
  if (!kept.is_object() || !kept.contains("report") || !kept.contains("models")) return false;
  const json& models = kept["models"];
  return models.is_array() && std::all_of(models.begin(), models.end(),
                                          [](const json& name) { return name.is_string(); });
}

}  // namespace

std::string StoryFiles::model_file(std::string_view model) const {
  return fmt::format("{}/models/{}.safetensors", path_, model);
}

Result<bool> StoryFiles::restore(const StageFiles& files, std::string_view stage,
                                 experiment::Story& story) {
  const auto bytes = files.mark(stage);
  if (!bytes && bytes.error().code == Errc::kMissingFile) return false;
  if (!bytes) return tl::unexpected(bytes.error());
  const auto kept = json::parse(*bytes, nullptr, false);
  if (!is_stage(kept))
    return fail(Errc::kCorrupt, fmt::format("{} is damaged: delete it to have the stage run again",
                                            printable(files.mark_file(stage))));
  for (const std::string name : kept.at("models")) {
    if (story.models.contains(name)) continue;
    auto model = model::read_model(model_file(name));
    if (!model && model.error().code == Errc::kMissingFile)
      return fail(Errc::kMissingFile,
                  fmt::format("{} is missing, although a stage has made it: put back what was "
                              "deleted, or start again with another --run",
                              printable(model_file(name))));
    if (!model) return tl::unexpected(model.error());
    story.models[name] = std::move(*model);
    written_.insert(name);
  }
  story.report = kept.at("report");
  return true;
}

Status StoryFiles::keep(StageFiles& files, std::string_view stage, const experiment::Story& story) {
  const std::string folder = path_ + "/models";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(Errc::kIo, fmt::format("cannot make {}: {}", printable(folder), error.message()));
  json names = json::array();
  for (const auto& [name, model] : story.models) {
    names.push_back(name);
    if (!written_.insert(name).second) continue;
    model::ModelFile described = model;
    // A scorer names its role in its metadata; a learner's policy does not.
    const auto role = described.metadata.find("role");
    described.metadata = experiment::metadata_of(
        story.config(), role == described.metadata.end() ? "policy" : role->second);
    if (auto done = model::write_model(described, model_file(name)); !done) return done;
  }
  return files.finish(stage, json{{"models", std::move(names)}, {"report", story.report}}.dump());
}

}  // namespace qstar::actors

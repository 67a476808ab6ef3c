#include "cli/model_kind.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/config.hpp"
#include "core/files.hpp"
#include "core/printable.hpp"
#include "experiment/experiment.hpp"
#include "model/safetensors.hpp"

namespace qstar::cli {
namespace {

ModelKind kind_of_run(const std::string& folder) {
  experiment::Experiment experiment;
  if (load_config(folder + "/config.toml", {}, describe_of(experiment)))
    return experiment.of_puzzle() ? ModelKind::kPuzzle : ModelKind::kText;
  if (is_there(folder + "/model.safetensors")) return ModelKind::kPuzzle;
  return is_there(folder + "/policy.safetensors") ? ModelKind::kText : ModelKind::kUnknown;
}

ModelKind kind_of_file(const std::string& path) {
  const auto file = model::read_tensors(path);
  if (!file) return ModelKind::kUnknown;
  const auto role = file->metadata.find("role");
  if (role != file->metadata.end() && role->second.starts_with("puzzle_"))
    return ModelKind::kPuzzle;
  return file->metadata.contains("characters") ? ModelKind::kText : ModelKind::kUnknown;
}

}  // namespace

ModelKind model_kind(const std::string& path) {
  std::error_code unreadable;
  return std::filesystem::is_directory(path, unreadable) ? kind_of_run(path) : kind_of_file(path);
}

Error explained(const std::string& path, ModelKind wanted, Error error) {
  const ModelKind found = model_kind(path);
  if (found == wanted || found == ModelKind::kUnknown) return error;
  const std::string shown = printable(path);
  return {Errc::kConfig,
          found == ModelKind::kPuzzle
              ? fmt::format("{0} was trained on a puzzle, not on text: use 'qstar search {0} "
                            "--states FILE'",
                            shown)
              : fmt::format("{0} was trained on text, not on a puzzle: use 'qstar eval {0} "
                            "--held-out 2000' or 'qstar solve {0} PROBLEM'",
                            shown)};
}

}  // namespace qstar::cli

#include "actors/stage_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/files.hpp"
#include "core/printable.hpp"
#include "inference/puzzle_network.hpp"
#include "serving/report/run_report.hpp"

namespace qstar::actors {
namespace {

using nlohmann::json;

json json_of(const experiment::StageCost& cost) {
  return {cost.cpu_seconds, cost.times.now, cost.times.stage_waited, cost.times.executors_busy,
          cost.times.executors_idle};
}

experiment::StageCost cost_of(const json& kept) {
  return {kept.at(0), {kept.at(1), kept.at(2), kept.at(3), kept.at(4)}};
}

Error damaged(const std::string& file) {
  return {Errc::kCorrupt,
          fmt::format("{} is damaged: delete it to have the stage run again", printable(file))};
}

}  // namespace

std::optional<std::size_t> label_count(const std::string& mark) {
  const auto bytes = read_file(mark);
  const auto kept = bytes ? json::parse(*bytes, nullptr, false) : json();
  if (!kept.is_object() || !kept.contains("labels") || !kept["labels"].is_array())
    return std::nullopt;
  return kept["labels"].size();
}

std::string bytes_of(const experiment::TrainedModel& model,
                     const experiment::Experiment& experiment) {
  if (!model.network.empty()) return model.network;
  model::ModelFile described = model.file;
  // A scorer names its role in its metadata; a learner's policy does not.
  const auto role = described.metadata.find("role");
  described.metadata = experiment::metadata_of(
      experiment, role == described.metadata.end() ? "policy" : role->second);
  return serialize(described);
}

std::string StageResults::model_file(std::string_view model) const {
  return fmt::format("{}/models/{}.safetensors", path_, model);
}

Result<experiment::TrainedModel> StageResults::read(const std::string& name,
                                                    const json& kept) const {
  const auto file = model_file(name);
  experiment::TrainedModel model;
  model.cpu_seconds = kept.at("cpu_seconds");
  model.is_policy = kept.at("policy");
  model.evaluation_cpu_seconds = kept.at("evaluation_cpu_seconds");
  const auto bytes = read_file(file);
  if (!bytes && bytes.error().code == Errc::kMissingFile)
    return fail(Errc::kMissingFile,
                fmt::format("{} is missing, although a stage has made it: put back what was "
                            "deleted, or start again with another --run",
                            printable(file)));
  if (!bytes) return tl::unexpected(bytes.error());
  if (experiment_.of_puzzle()) {
    if (auto sound = inference::parse_puzzle_model(*bytes, printable(file)); !sound)
      return tl::unexpected(sound.error());
    model.network = *bytes;
    return model;
  }
  auto parsed = model::parse_model(*bytes, printable(file));
  if (!parsed) return tl::unexpected(parsed.error());
  model.file = std::move(*parsed);
  // As the stage left it: what names the experiment is not part of what nodes fetch.
  const auto role = model.file.metadata.find("role");
  const bool scorer = role != model.file.metadata.end() && role->second != "policy";
  model.file.metadata = scorer ? std::map<std::string, std::string>{{"role", role->second}}
                               : std::map<std::string, std::string>{};
  return model;
}

Result<std::optional<experiment::FinishedStage>> StageResults::restore(
    const StageFiles& files, const std::string& stage) const {
  const auto bytes = files.mark(stage);
  if (!bytes && bytes.error().code == Errc::kMissingFile) return std::nullopt;
  if (!bytes) return tl::unexpected(bytes.error());
  const auto kept = json::parse(*bytes, nullptr, false);
  try {
    experiment::FinishedStage finished{{kept.at("result"), {}},
                                       cost_of(kept.at("cost")),
                                       kept.at("labels").get<std::vector<std::string>>()};
    if (!kept.at("models").is_object()) return tl::unexpected(damaged(files.mark_file(stage)));
    for (const auto& [name, about] : kept.at("models").items()) {
      auto model = read(name, about);
      if (!model) return tl::unexpected(model.error());
      finished.result.models[name] = std::move(*model);
    }
    return finished;
  } catch (const json::exception&) {
    return tl::unexpected(damaged(files.mark_file(stage)));
  }
}

Status StageResults::write(const std::string& name, const experiment::TrainedModel& model) const {
  const std::string folder = path_ + "/models";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(Errc::kIo, fmt::format("cannot make {}: {}", printable(folder), error.message()));
  return write_file_atomically(model_file(name), bytes_of(model, experiment_));
}

Status StageResults::keep(StageFiles& files, const std::string& stage,
                          const experiment::FinishedStage& finished) const {
  json models = json::object();
  for (const auto& [name, model] : finished.result.models) {
    if (auto written = write(name, model); !written) return written;
    models[name] = {{"cpu_seconds", model.cpu_seconds},
                    {"policy", model.is_policy},
                    {"evaluation_cpu_seconds", model.evaluation_cpu_seconds}};
  }
  const json mark = {{"models", std::move(models)},
                     {"result", finished.result.figures},
                     {"cost", json_of(finished.cost)},
                     {"labels", finished.labels}};
  return files.finish(stage, mark.dump());
}

std::vector<std::pair<std::string, std::string>> final_files(
    const experiment::Experiment& experiment, const experiment::RunOutcome& outcome) {
  std::vector<std::pair<std::string, std::string>> files;
  const auto add = [&](const char* file, const std::string& name) {
    const auto found = outcome.models.find(name);
    if (found != outcome.models.end())
      files.emplace_back(file, bytes_of(found->second, experiment));
  };
  if (experiment.of_puzzle()) {
    for (const auto& [name, model] : outcome.models) add("model.safetensors", name);
  } else {
    add("policy.safetensors", outcome.last_policy);
    add("critic.safetensors", outcome.last_critic);
  }
  for (auto& file : serving::report_files(outcome.report)) files.push_back(std::move(file));
  files.emplace_back("report.json", outcome.report.dump(2) + "\n");
  return files;
}

}  // namespace qstar::actors

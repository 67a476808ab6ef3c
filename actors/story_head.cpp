#include "actors/story_head.hpp"

#include "actors/session_start.hpp"
#include "actors/story_session.hpp"
#include "serving/report_file.hpp"
#include "story/unused_settings.hpp"

namespace qstar {
namespace {

using nlohmann::json;

const RunKind kStoryRun{
    "story",
    "a story",
    {"attempts.processors", "attempts.lease_seconds", "attempts.keep_weights_mb"}};

std::vector<std::pair<std::string, std::string>> final_files(
    const StoryConfig& config, const std::map<std::string, ModelFile>& models, const json& report) {
  std::vector<std::pair<std::string, std::string>> files;
  const auto add = [&](const char* file, const char* name, const char* role) {
    const auto it = models.find(name);
    if (it == models.end()) return;
    ModelFile model = it->second;
    model.metadata = metadata_of(config, role);
    files.emplace_back(file, serialize(model));
  };
  add("policy.safetensors", "final", "policy");
  add("critic.safetensors", "critic", "critic");
  for (auto& file : report_files(report)) files.push_back(std::move(file));
  files.emplace_back("report.json", report.dump(2) + "\n");
  return files;
}

}  // namespace

Result<json> run_story_head(const StoryHeadOptions& options) {
  if (auto possible = check(options); !possible) return tl::unexpected(possible.error());
  if (auto used = refuse_unused(options.config); !used) return tl::unexpected(used.error());
  auto gateway = start_gateway(options);
  if (!gateway) return tl::unexpected(gateway.error());
  auto directory = open_run(options, options.config, kStoryRun);
  if (!directory) return tl::unexpected(directory.error());
  json report;
  std::map<std::string, ModelFile> models;
  const auto session = [&]() -> Result<bool> {
    if (auto adopted = adopt_changes(*directory, options); !adopted)
      return tl::unexpected(adopted.error());
    const auto one = std::make_shared<StorySession>(options, *directory, gateway->get());
    auto told = StorySession::run(one);
    if (!told && told.error().code == Errc::kInterrupted) {
      show_line(options, "stop", one->kept());
      return true;
    }
    if (!told) return tl::unexpected(cause_of(told.error(), *directory));
    report = std::move(*told);
    models = one->models();
    return false;
  };
  if (auto done = run_sessions(options, options.restart, session); !done)
    return tl::unexpected(done.error());
  if (auto written = directory->conclude(final_files(options.config, models, report)); !written)
    return tl::unexpected(written.error());
  return report;
}

}  // namespace qstar

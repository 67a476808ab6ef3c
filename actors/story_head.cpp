#include "actors/story_head.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "actors/process/session_start.hpp"
#include "actors/stage_session.hpp"
#include "actors/story_files.hpp"
#include "core/printable.hpp"
#include "experiment/story/stages.hpp"
#include "experiment/story/unused_settings.hpp"
#include "serving/report/report_file.hpp"

namespace qstar::actors {
namespace {

using nlohmann::json;

const RunKind kStoryRun{
    "story",
    "a story",
    {"attempts.processors", "attempts.lease_seconds", "attempts.keep_weights_mb"}};

std::vector<std::pair<std::string, std::string>> final_files(
    const experiment::StoryConfig& config, const std::map<std::string, model::ModelFile>& models,
    const json& report) {
  std::vector<std::pair<std::string, std::string>> files;
  const auto add = [&](const char* file, const char* name, const char* role) {
    const auto it = models.find(name);
    if (it == models.end()) return;
    model::ModelFile model = it->second;
    model.metadata = experiment::metadata_of(config, role);
    files.emplace_back(file, serialize(model));
  };
  add("policy.safetensors", "final", "policy");
  add("critic.safetensors", "critic", "critic");
  for (auto& file : serving::report_files(report)) files.push_back(std::move(file));
  files.emplace_back("report.json", report.dump(2) + "\n");
  return files;
}

// Labels by people, without problems that are held out or that the environment does not have; what
// is left out is shown.
template <class Record, class Read>
Result<LabelFile<Record>> labels_of_people(const std::string& path, Read read,
                                           const environment::Environment& environment,
                                           const StoryHeadOptions& options) {
  Result<LabelFile<Record>> file = read(path, {});
  if (!file) return file;
  std::erase_if(file->records, [&](const Record& record) {
    if (!environment::is_held_out(record.problem) && environment.admits(record.problem))
      return false;
    file->skipped.push_back(
        fmt::format("{}: \"{}\" is held out or not a problem of this environment; nothing is "
                    "learned from it",
                    path, record.problem));
    return true;
  });
  for (const auto& skipped : file->skipped)
    show_line(options, "labels", "left out: " + printable(skipped));
  return file;
}

Result<std::shared_ptr<experiment::Annotator>> make_annotator(
    const StoryHeadOptions& options, const environment::Environment& environment) {
  const auto& config = options.config;
  const auto& annotator = config.rlhf.annotator;
  if (annotator.kind == "simulated" || !config.stages.rlhf)
    return std::make_shared<experiment::SimulatedAnnotator>(
        annotator.error_rate, derive_seed(static_cast<std::uint64_t>(config.seed), "annotator"));
  auto rankings = labels_of_people<Ranking>(annotator.file, read_rankings, environment, options);
  if (!rankings) return tl::unexpected(rankings.error());
  return std::make_shared<experiment::RecordedAnnotator>(std::move(*rankings));
}

Result<LabelFile<RatedWork>> rated_steps(const StoryHeadOptions& options,
                                         const environment::Environment& environment) {
  const auto& config = options.config;
  if (!config.stages.verifiers || config.verifiers.label_file.empty())
    return LabelFile<RatedWork>{};
  return labels_of_people<RatedWork>(config.verifiers.label_file, read_step_labels, environment,
                                     options);
}

std::string text_of(const std::vector<std::string>& finished) {
  return finished.empty() ? "no stage is finished yet"
                          : fmt::format("finished stages: {}", fmt::join(finished, ", "));
}

// What a run that was stopped has kept, in words.
std::string kept_text(const StageFiles& files, const experiment::StoryConfig& config) {
  const auto finished = files.finished();
  const auto text = text_of(finished);
  for (const auto& stage : experiment::stages()) {
    const bool wanted = stage.wanted == nullptr || config.stages.*stage.wanted;
    if (!wanted || std::find(finished.begin(), finished.end(), stage.name) != finished.end())
      continue;
    return fmt::format(
        "{}; stage {} {}", text, stage.name,
        files.saved() ? "continues from its last save" : "will be repeated from its start");
  }
  return text;
}

SessionConfig session_config_of(const StoryHeadOptions& options, EnvironmentPtr environment) {
  const auto& config = options.config;
  return {{config.name, config.environment, config.attempts.processors, config.attempts.slots,
           options.restart},
          std::move(environment),
          options.checkpoint,
          config.attempts.lease_seconds,
          config.attempts.keep_weights_mb};
}

// The story of one session, which its thread owns together with the session.
class Telling {
 public:
  // Shows what the labels leave out.
  static Result<std::shared_ptr<Telling>> begin(const StoryHeadOptions& options,
                                                RunDirectory& directory,
                                                serving::Gateway* gateway) {
    auto made = environment::make_environment(options.config.environment);
    if (!made) return tl::unexpected(made.error());
    const EnvironmentPtr environment = std::move(*made);
    auto annotator = make_annotator(options, *environment);
    if (!annotator) return tl::unexpected(annotator.error());
    auto labels = rated_steps(options, *environment);
    if (!labels) return tl::unexpected(labels.error());
    auto session = std::make_shared<StageSession>(options, session_config_of(options, environment),
                                                  directory, gateway);
    if (auto ready = session->prepare(); !ready) return tl::unexpected(ready.error());
    auto telling = std::make_shared<Telling>(options.config, directory.path());
    telling->environment_ = environment;
    telling->annotator_ = std::move(*annotator);
    telling->labels_ = std::move(*labels);
    telling->session_ = std::move(session);
    return telling;
  }
  Telling(const experiment::StoryConfig& config, const std::string& directory)
      : config_(config), story_files_(directory) {}

  static Status run(const std::shared_ptr<Telling>& telling) {
    return StageSession::run(telling->session_, [telling](const experiment::StageHost& host) {
      return telling->tell_all(host);
    });
  }

  // After run() without an error.
  experiment::Story& story() { return *story_; }
  StageFiles& files() { return session_->files(); }

 private:
  Status tell_all(const experiment::StageHost& host) {
    story_.emplace(config_, environment_, experiment::StoryHost{host, annotator_, labels_});
    const experiment::FinishedStages finished{
        [this](std::string_view stage, experiment::Story& story) {
          return story_files_.restore(session_->files(), stage, story);
        },
        [this](std::string_view stage, const experiment::Story& story) {
          return session_->finish_stage(
              [&](StageFiles& files) { return story_files_.keep(files, stage, story); });
        }};
    return experiment::tell(*story_, finished);
  }

  experiment::StoryConfig config_;
  StoryFiles story_files_;
  EnvironmentPtr environment_;
  std::shared_ptr<experiment::Annotator> annotator_;
  LabelFile<RatedWork> labels_;
  std::shared_ptr<StageSession> session_;
  std::optional<experiment::Story> story_;
};

}  // namespace

Result<json> run_story_head(const StoryHeadOptions& options) {
  if (auto possible = check(options); !possible) return tl::unexpected(possible.error());
  if (auto used = experiment::refuse_unused(options.config); !used)
    return tl::unexpected(used.error());
  auto gateway = start_gateway(options);
  if (!gateway) return tl::unexpected(gateway.error());
  auto directory = open_run(options, options.config, kStoryRun);
  if (!directory) return tl::unexpected(directory.error());
  std::shared_ptr<Telling> telling;
  const auto session = [&]() -> Result<bool> {
    if (auto adopted = adopt_changes(*directory, options); !adopted)
      return tl::unexpected(adopted.error());
    auto begun = Telling::begin(options, *directory, gateway->get());
    if (!begun) return tl::unexpected(begun.error());
    telling = std::move(*begun);
    if (options.resume)
      show_line(options, "resume", "resuming; " + text_of(telling->files().finished()));
    const auto told = Telling::run(telling);
    if (!told && told.error().code == Errc::kInterrupted) {
      show_line(options, "stop", kept_text(telling->files(), options.config));
      return true;
    }
    if (!told) return tl::unexpected(cause_of(told.error(), *directory));
    return false;
  };
  if (auto done = run_sessions(options, options.restart, session); !done)
    return tl::unexpected(done.error());
  const experiment::Story& story = telling->story();
  if (auto written = directory->conclude(final_files(options.config, story.models, story.report));
      !written)
    return tl::unexpected(written.error());
  return story.report;
}

}  // namespace qstar::actors

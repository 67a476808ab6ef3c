#include "actors/head.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "actors/process/session_start.hpp"
#include "actors/stage_results.hpp"
#include "actors/stage_session.hpp"
#include "core/files.hpp"
#include "core/printable.hpp"
#include "experiment/text/stage_configs.hpp"
#include "persistence/store.hpp"

namespace qstar::actors {
namespace {

using nlohmann::json;

// ---- labels by people ------------------------------------------------------------------------

// Without problems that are held out or that the environment does not have; what is left out is
// shown.
template <class Record, class Read>
Status read_labels(const std::string& path, Read read, const environment::Environment& environment,
                   const HeadOptions& options, std::map<std::string, LabelFile<Record>>& labels) {
  if (path.empty() || labels.contains(path)) return {};
  Result<LabelFile<Record>> file = read(path, {});
  if (!file) return tl::unexpected(file.error());
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
  labels[path] = std::move(*file);
  return {};
}

// The files that the stages name, into the host.
Status read_all_labels(const HeadOptions& options, const experiment::Problems& problems,
                       experiment::RunHost& host) {
  for (const auto* stage : options.config.active()) {
    Status read;
    if (const auto* judges = stage->as<experiment::JudgesConfig>())
      read = read_labels<RatedWork>(judges->label_file, read_step_labels, *problems.environment,
                                    options, host.step_labels);
    if (const auto* feedback = stage->as<experiment::FeedbackConfig>();
        feedback != nullptr && feedback->annotator.kind == "recorded")
      read = read_labels<Ranking>(feedback->annotator.file, read_rankings, *problems.environment,
                                  options, host.rankings);
    if (!read) return read;
  }
  return {};
}

// ---- what a run has kept, in words -----------------------------------------------------------

std::vector<std::string> finished_stages(const experiment::Experiment& experiment,
                                         const StageFiles& files) {
  const auto marks = files.finished();
  std::vector<std::string> names;
  for (const auto* stage : experiment.active())
    if (std::find(marks.begin(), marks.end(), stage->name) != marks.end())
      names.push_back(stage->name);
  return names;
}

std::string text_of(const std::vector<std::string>& finished) {
  return finished.empty() ? "no stage is finished yet"
                          : fmt::format("finished stages: {}", fmt::join(finished, ", "));
}

std::string kept_text(const experiment::Experiment& experiment, const StageFiles& files) {
  const auto finished = finished_stages(experiment, files);
  for (const auto* stage : experiment.active()) {
    if (std::find(finished.begin(), finished.end(), stage->name) != finished.end()) continue;
    return fmt::format("{}; stage {} {}", text_of(finished), stage->name,
                       files.has_saved(stage->name) ? "continues from its last save"
                                                    : "will be repeated from its start");
  }
  return text_of(finished);
}

// ---- a session -------------------------------------------------------------------------------

SessionConfig session_config_of(const experiment::Experiment& config,
                                const EnvironmentPtr& environment) {
  const auto slots = environment == nullptr ? 1 : config.engine.slots;  // puzzles generate no text
  return {{config.name, config.environment, config.engine.executors, slots, config.restart},
          environment,
          config.checkpoint,
          config.engine.lease_seconds,
          config.engine.keep_weights_mb,
          config.store.capacity,
          config.store.sync};
}

// The stages of a session, which its thread owns together with the session.
struct Stages {
  experiment::Experiment config;
  experiment::StageFunctions functions;
  experiment::Problems problems;
  experiment::RunHost people;  // labels only
  std::string directory;
  std::shared_ptr<StageSession> session;
  std::optional<experiment::RunOutcome> outcome = {};

  Status run(const experiment::StageHost& host) {
    const StageResults results(directory, config);
    const experiment::FinishedStages finished{
        [&](const std::string& stage) { return results.restore(session->files(), stage); },
        [&](const std::string& stage, const experiment::FinishedStage& what) {
          return session->finish_stage(
              [&](StageFiles& files) { return results.keep(files, stage, what); });
        }};
    experiment::RunHost whole{host, people.rankings, people.step_labels};
    return experiment::run_stages(config, problems, std::move(whole), functions, finished)
        .map([this](experiment::RunOutcome&& done) { outcome = std::move(done); });
  }
};

// The first stage whose limits changed goes on from its saves; all behind it run again from their
// start, because they used what it made. Before the changes are adopted: if this is interrupted,
// the stages are made again as they were.
Status reopen(const experiment::Experiment& config, const RunDirectory& directory) {
  bool behind = false;
  std::optional<std::size_t> labels;  // of the stage that goes on, and of those before it
  for (const auto* stage : config.active()) {
    const auto key = fmt::format("stages.{}.", stage->name);
    const bool changed =
        std::any_of(directory.changes().begin(), directory.changes().end(),
                    [&](const auto& change) { return change.key.starts_with(key); });
    if (!changed && !behind) continue;
    if (!behind) labels = label_count(directory.file(fmt::format("stages/{}.json", stage->name)));
    if (auto done = StageFiles::reopen(directory, stage->name, !behind); !done) return done;
    behind = true;
  }
  if (!labels || !is_there(directory.file("store/CURRENT"))) return {};
  // The attempts of the stages behind, which are made again.
  auto store = persistence::Store::open(directory.file("store"), persistence::Store::Mode::kWrite);
  if (!store) return tl::unexpected(store.error());
  return store->erase_from(*labels * experiment::kGroupsPerLabel);
}

class Head {
 public:
  Head(const HeadOptions& options, experiment::Problems problems)
      : options_(options), problems_(std::move(problems)) {}

  Result<json> run() {
    if (auto read = read_all_labels(options_, problems_, people_); !read)
      return tl::unexpected(read.error());
    auto gateway = start_gateway(options_);
    if (!gateway) return tl::unexpected(gateway.error());
    auto directory = open_run(options_, options_.config);
    if (!directory) return tl::unexpected(directory.error());
    const auto session = [&] { return this->session(*directory, gateway->get()); };
    if (auto done = run_sessions(options_, options_.config.restart, session); !done)
      return tl::unexpected(done.error());
    const auto& outcome = *stages_->outcome;
    if (auto written = directory->conclude(final_files(options_.config, outcome)); !written)
      return tl::unexpected(written.error());
    return outcome.report;
  }

 private:
  // Whether it was interrupted.
  Result<bool> session(RunDirectory& directory, serving::Gateway* gateway) {
    stages_.reset();  // with the store that the session before held
    if (auto reopened = reopen(options_.config, directory); !reopened)
      return tl::unexpected(reopened.error());
    if (auto adopted = adopt_changes(directory, options_); !adopted)
      return tl::unexpected(adopted.error());
    auto session = std::make_shared<StageSession>(
        options_, session_config_of(options_.config, problems_.environment), directory, gateway);
    if (auto ready = session->prepare(); !ready) return tl::unexpected(ready.error());
    if (options_.resume)
      show_line(options_, "resume",
                "resuming; " + text_of(finished_stages(options_.config, session->files())));
    stages_ = std::make_shared<Stages>(
        Stages{options_.config, options_.stages, problems_, people_, directory.path(), session});
    const auto done = StageSession::run(
        session,
        [stages = stages_](const experiment::StageHost& host) { return stages->run(host); });
    if (!done && done.error().code == Errc::kInterrupted) {
      show_line(options_, "stop", kept_text(options_.config, session->files()));
      return true;
    }
    if (!done) return tl::unexpected(cause_of(done.error(), directory));
    return false;
  }

  const HeadOptions& options_;
  experiment::Problems problems_;
  experiment::RunHost people_;
  std::shared_ptr<Stages> stages_;  // of the last session
};

}  // namespace

Result<json> run_head(const HeadOptions& options) {
  if (auto possible = check(options); !possible) return tl::unexpected(possible.error());
  auto problems = experiment::problems_of(options.config);
  if (!problems) return tl::unexpected(problems.error());
  if (options.environment) problems->environment = options.environment;
  return Head(options, std::move(*problems)).run();
}

}  // namespace qstar::actors

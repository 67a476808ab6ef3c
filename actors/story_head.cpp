#include "actors/story_head.hpp"

#include <fmt/format.h>

#include "actors/actors.hpp"
#include "actors/progress.hpp"
#include "actors/story_actors.hpp"
#include "actors/story_files.hpp"
#include "serving/report_file.hpp"

namespace qstar {
namespace {

using nlohmann::json;

// What a stage says of itself, as a line and a row.
class StoryProgress {
 public:
  Report report(const StageProgress& p, double now) {
    if (p.stage != stage_) {
      stage_ = p.stage;
      pace_ = {};
    }
    const double rate = pace_.rate(now, static_cast<double>(p.done));
    const double share =
        p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 1;
    std::string line = fmt::format("{} {:.0f} %", p.stage, 100 * share);
    for (const auto* name : {"accuracy", "loss", "reward", "kl", "lucky"}) {
      if (const auto it = p.values.find(name); it != p.values.end())
        line += fmt::format("  {} {:.3f}", name, it->second);
    }
    if (rate > 0 && p.done < p.total)
      line += fmt::format("  {:.0f} s left", static_cast<double>(p.total - p.done) / rate);
    const json status = {{"phase", p.stage}, {"progress", share}, {"figures", p.values}};
    return {{p.stage, static_cast<std::uint64_t>(p.done), p.values},
            std::move(line),
            status.dump(),
            p.done < p.total};
  }

 private:
  std::string stage_;
  Pace pace_;
};

// What people said, to be learned from: without what is held out, or no problem of this family.
// What is left out is shown.
template <class Record, class Read>
Result<LabelFile<Record>> read_lessons(const std::string& path, Read read,
                                       const Environment& environment,
                                       const StoryHeadOptions& options) {
  Result<LabelFile<Record>> file = read(path, {});
  if (!file) return file;
  std::erase_if(file->records, [&](const Record& record) {
    if (!is_held_out(record.problem) && environment.admits(record.problem)) return false;
    file->skipped.push_back(fmt::format(
        "{}: \"{}\" is held out, or no problem of this family: nothing is learned from it", path,
        record.problem));
    return true;
  });
  for (const auto& skipped : file->skipped)
    options.show({{"labels", 0, {}}, "left out: " + skipped});
  return file;
}

Result<std::shared_ptr<Annotator>> make_annotator(const StoryHeadOptions& options,
                                                  const Environment& environment) {
  const auto& config = options.config;
  const auto& annotator = config.rlhf.annotator;
  if (annotator.kind == "simulated" || !config.stages.rlhf)
    return std::make_shared<SimulatedAnnotator>(
        annotator.error_rate, derive_seed(static_cast<std::uint64_t>(config.seed), "annotator"));
  auto rankings = read_lessons<Ranking>(annotator.file, read_rankings, environment, options);
  if (!rankings) return tl::unexpected(rankings.error());
  return std::make_shared<RecordedAnnotator>(std::move(*rankings));
}

class StorySession {
 public:
  StorySession(const StoryHeadOptions& options, RunDirectory& directory, Gateway* gateway)
      : options_(options), directory_(directory), sink_(sink_of(options, directory, gateway)) {}

  // The report, or kInterrupted.
  Result<json> run() {
    auto environment = make_environment(options_.config.environment);
    if (!environment) return tl::unexpected(environment.error());
    auto files = StoryFiles::open(directory_.path(), options_.checkpoint);
    if (!files) return tl::unexpected(files.error());
    auto store = Store::open(directory_.file("store"), Store::Mode::kWrite);
    if (!store) return tl::unexpected(store.error());
    auto annotator = make_annotator(options_, **environment);
    if (!annotator) return tl::unexpected(annotator.error());
    if (auto read = read_labels(**environment); !read) return tl::unexpected(read.error());
    auto& system = immortal_system();
    archive_ = spawn_archive(system, std::make_shared<Store>(std::move(*store)));
    annotator_ = spawn_annotator(system, std::move(*annotator));
    for (std::int64_t i = 0; i < options_.config.attempts.processors; ++i)
      decoders_.push_back(
          spawn_decoder(system, static_cast<std::int32_t>(options_.config.attempts.slots)));
    Story story(options_.config, std::move(*environment), host(system, *files));
    const auto told = tell_safely(story, *files);
    std::vector<caf::actor> actors = {caf::actor_cast<caf::actor>(archive_),
                                      caf::actor_cast<caf::actor>(annotator_)};
    for (const auto& decoder : decoders_) actors.push_back(caf::actor_cast<caf::actor>(decoder));
    end_all(system, actors);
    if (!told) return tl::unexpected(told.error());
    models_ = std::move(story.models);
    return std::move(story.report);
  }

  const std::map<std::string, ModelFile>& models() const { return models_; }

 private:
  // What an actor could not do spoils what came after it, and an exception of a library would end
  // the process: both are errors of this session.
  Status tell_safely(Story& story, StoryFiles& files) {
    const FinishedStages finished{
        [&](std::string_view stage, Story& s) { return files.restore(stage, s); },
        [&](std::string_view stage, const Story& s) {
          return *trouble_ ? files.keep(stage, s) : *trouble_;
        }};
    try {
      if (auto told = tell(story, finished); !told) return told;
      return *trouble_;
    } catch (const std::exception& e) {
      return fail(Errc::kActorFailed, e.what());
    }
  }

  Status read_labels(const Environment& environment) {
    const auto& config = options_.config;
    if (!config.stages.verifiers || config.verifiers.label_file.empty()) return {};
    auto labels = read_lessons<RatedWork>(config.verifiers.label_file, read_step_labels,
                                          environment, options_);
    if (!labels) return tl::unexpected(labels.error());
    step_labels_ = std::move(*labels);
    return {};
  }

  bool stopped() const { return options_.stop != nullptr && options_.stop->load(); }

  StoryHost host(caf::actor_system& system, StoryFiles& files) {
    StoryHost host;
    host.policy = [this, &system](const ModelFile& model,
                                  std::uint64_t version) -> Result<std::unique_ptr<Policy>> {
      auto weights = DecoderWeights::make(model, version);
      if (!weights) return tl::unexpected(weights.error());
      return remote_policy(system, decoders_, std::move(*weights), trouble_);
    };
    host.annotator = [this, &system] { return remote_annotator(system, annotator_); };
    host.proposer = [&system](std::unique_ptr<Proposer> proposer) {
      return remote_proposer(system, std::move(proposer));
    };
    host.step_labels = step_labels_;
    host.keep = [this, &system](std::span<const AttemptGroup> groups) -> Status {
      if (!*trouble_) return *trouble_;
      return groups.empty() ? Status{} : archive(system, archive_, groups);
    };
    host.show = [this](const StageProgress& progress) -> Status {
      if (!*trouble_) return *trouble_;
      sink_(progress_.report(progress, seconds_now()));
      if (!stopped()) return {};
      return fail(Errc::kInterrupted, "stopped");
    };
    host.load = [&files](std::string_view label) { return files.load(label); };
    host.save = [this, &files](std::string_view label, const auto& parts, bool at_once) -> Status {
      if (!*trouble_) return *trouble_;
      return files.save(label, parts, seconds_now(), at_once);
    };
    return host;
  }

  const StoryHeadOptions& options_;
  RunDirectory& directory_;
  std::function<void(const Report&)> sink_;
  StoryProgress progress_;
  Trouble trouble_ = std::make_shared<Status>();
  ArchiveActor archive_;
  AnnotatorActor annotator_;
  std::vector<DecoderActor> decoders_;
  LabelFile<RatedWork> step_labels_;
  std::map<std::string, ModelFile> models_;
};

Status check_one_process(const ProcessOptions& options) {
  if (options.workers == 0 && options.listen.empty() && options.certificates.empty()) return {};
  return fail(Errc::kUsage,
              "a story runs in one process: leave out --workers, --listen and --certs");
}

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
  if (auto possible = check_one_process(options); !possible)
    return tl::unexpected(possible.error());
  auto gateway = start_gateway(options);
  if (!gateway) return tl::unexpected(gateway.error());
  auto directory = RunDirectory::open(options.run_directory, options.config, options.resume);
  if (!directory) return tl::unexpected(directory.error());
  json report;
  std::map<std::string, ModelFile> models;
  const auto session = [&]() -> Result<bool> {
    StorySession one(options, *directory, gateway->get());
    auto told = one.run();
    if (!told && told.error().code == Errc::kInterrupted) return true;
    if (!told) return tl::unexpected(told.error());
    report = std::move(*told);
    models = one.models();
    return false;
  };
  if (auto done = run_sessions(options, options.restart, session); !done)
    return tl::unexpected(done.error());
  if (auto written = directory->conclude(final_files(options.config, models, report)); !written)
    return tl::unexpected(written.error());
  return report;
}

}  // namespace qstar

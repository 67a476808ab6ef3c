#include "actors/story_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "actors/actors.hpp"
#include "actors/executors.hpp"
#include "actors/session_start.hpp"
#include "core/clock.hpp"
#include "core/out_of_memory.hpp"
#include "core/printable.hpp"
#include "story/stages.hpp"

namespace qstar {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr double kPatience = 0.6;  // seconds for the next point where the story saves

// Labels by people, without problems that are held out or that the environment does not have; what
// is left out is shown.
template <class Record, class Read>
Result<LabelFile<Record>> labels_of_people(const std::string& path, Read read,
                                           const Environment& environment,
                                           const StoryHeadOptions& options) {
  Result<LabelFile<Record>> file = read(path, {});
  if (!file) return file;
  std::erase_if(file->records, [&](const Record& record) {
    if (!is_held_out(record.problem) && environment.admits(record.problem)) return false;
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

Result<std::shared_ptr<Annotator>> make_annotator(const StoryHeadOptions& options,
                                                  const Environment& environment) {
  const auto& config = options.config;
  const auto& annotator = config.rlhf.annotator;
  if (annotator.kind == "simulated" || !config.stages.rlhf)
    return std::make_shared<SimulatedAnnotator>(
        annotator.error_rate, derive_seed(static_cast<std::uint64_t>(config.seed), "annotator"));
  auto rankings = labels_of_people<Ranking>(annotator.file, read_rankings, environment, options);
  if (!rankings) return tl::unexpected(rankings.error());
  return std::make_shared<RecordedAnnotator>(std::move(*rankings));
}

std::string text_of(const std::vector<std::string>& finished) {
  return finished.empty() ? "no stage is finished yet"
                          : fmt::format("finished stages: {}", fmt::join(finished, ", "));
}

}  // namespace

Report StoryProgress::report(const StageProgress& p, double now) {
  if (p.stage != stage_) {
    stage_ = p.stage;
    pace_ = {};
  }
  const double rate = pace_.rate(now, static_cast<double>(p.done));
  const double share = p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 1;
  std::string line = fmt::format("{} {:.0f} %", printable(p.stage), 100 * share);
  for (const auto* name : {"accuracy", "loss", "reward", "kl", "lucky"}) {
    if (const auto it = p.values.find(name); it != p.values.end())
      line += fmt::format("  {} {:.3f}", name, it->second);
  }
  if (rate > 0 && p.done < p.total)
    line += "  " + time_left(static_cast<double>(p.total - p.done), rate);
  const json status = {{"phase", p.stage}, {"progress", share}, {"figures", p.values}};
  return {{p.stage, static_cast<std::uint64_t>(p.done), p.values},
          std::move(line),
          status.dump(),
          p.done < p.total};
}

StorySession::StorySession(const StoryHeadOptions& options, RunDirectory& directory,
                           Gateway* gateway)
    : options_(options), directory_(directory), sink_(sink_of(options, directory, gateway)) {}

Result<json> StorySession::run(const std::shared_ptr<StorySession>& session) {
  if (auto ready = session->prepare(); !ready) return tl::unexpected(ready.error());
  std::promise<Status> promise;
  auto told = promise.get_future();
  // It keeps the session alive for as long as it runs.
  std::thread thread([session, promise = std::move(promise)]() mutable {
    promise.set_value(session->tell_safely());
  });
  const auto status = session->wait_for(told);
  if (told.valid()) {
    thread.detach();
  } else {
    thread.join();
    session->end_actors();
  }
  if (!status) return tl::unexpected(status.error());
  return std::move(session->story_->report);
}

std::string StorySession::kept() const {
  const auto finished = files_->finished();
  const auto text = text_of(finished);
  for (const auto& stage : stages()) {
    const bool wanted = stage.wanted == nullptr || options_.config.stages.*stage.wanted;
    if (!wanted || std::find(finished.begin(), finished.end(), stage.name) != finished.end())
      continue;
    return fmt::format(
        "{}; stage {} {}", text, stage.name,
        files_->saved() ? "continues from its last save" : "will be repeated from its start");
  }
  return text;
}

Status StorySession::prepare() {
  auto environment = make_environment(options_.config.environment);
  if (!environment) return tl::unexpected(environment.error());
  auto annotator = make_annotator(options_, **environment);
  if (!annotator) return tl::unexpected(annotator.error());
  annotator_ = std::move(*annotator);
  if (auto read = read_step_labels(**environment); !read) return read;
  auto files = StoryFiles::open(directory_, options_.checkpoint);
  if (!files) return tl::unexpected(files.error());
  files_.emplace(std::move(*files));
  auto shelf = Shelf::open(directory_.file("weights"),
                           {.keep_below_bytes = options_.config.attempts.keep_weights_mb << 20});
  if (!shelf) return tl::unexpected(shelf.error());
  shelf_ = std::make_shared<Shelf>(std::move(*shelf));
  auto store = Store::open(directory_.file("store"), Store::Mode::kWrite);
  if (!store) return tl::unexpected(store.error());
  for (const auto* name : {"store", "store/CURRENT", "checkpoints", "stages", "models"})
    directory_.guard(name);
  if (options_.resume) show_line(options_, "resume", "resuming; " + text_of(files_->finished()));
  auto network = plan_network(options_, directory_);
  if (!network) return tl::unexpected(network.error());
  network_ = std::move(*network);
  auto& system = immortal_system(network_.tls);
  const EnvironmentPtr shared = std::move(*environment);
  spawn_actors(system, shared, std::make_shared<Store>(std::move(*store)));
  story_.emplace(options_.config, shared, host());
  return {};
}

void StorySession::spawn_actors(caf::actor_system& system, EnvironmentPtr environment,
                                std::shared_ptr<Store> store) {
  const auto& config = options_.config;
  metrics_ = spawn_metrics(system, sink_);
  archive_.emplace(system, std::move(store));
  NodeConfig node{config.name, config.environment, config.attempts.processors,
                  config.attempts.slots, options_.restart};
  pool_ = spawn_pool(system, metrics_, options_.stop, print_config(describe_of(node)),
                     config.attempts.lease_seconds, exchange_);
  ExecutorsOptions how{
      "head", node, std::move(environment),
      [exchange = exchange_](const ModelHash& hash) {
        return exchange->models().model(hash).map([](const auto& bytes) { return *bytes; });
      },
      Stop([ended = ended_] { return ended->load(); })};
  auto promise = std::make_shared<std::promise<Status>>();
  executors_ended_ = promise->get_future();
  executors_ = spawn_executors(system, how, pool_,
                               [promise](const Status& why) { promise->set_value(why); });
}

// An exception of a library would end the process: it is an error of this session.
Status StorySession::tell_safely() {
  const FinishedStages finished{
      [this](std::string_view stage, Story& story) { return files_->restore(stage, story); },
      [this](std::string_view stage, const Story& story) {
        if (auto flushed = archive_->flush(); !flushed) return flushed;
        return gate_.pass([&]() -> Status {
          if (auto kept = files_->keep(stage, story); !kept) return kept;
          directory_.append({"stage", files_->finished().size(), {}});
          return {};
        });
      }};
  try {
    return tell(*story_, finished);
  } catch (const std::exception& e) {
    if (const auto lack = lack_of(std::current_exception()); !lack.empty())
      return fail(Errc::kIo, std::string(lack));
    return fail(Errc::kActorFailed, e.what());
  }
}

// Whether the session has come to an end: the story is finished, the directory is gone, or the run
// was stopped and the story has had its time to save. `why`: the error when the story is not
// finished.
bool StorySession::is_over(std::future<Status>& told, std::chrono::milliseconds patience,
                           Status& why) {
  if (told.wait_for(std::min(patience, 50ms)) == std::future_status::ready) {
    caf::anon_send(pool_, EndTasks{});  // workers end by themselves
    return true;
  }
  why = directory_.intact();
  if (!why) return true;
  if (!stopped()) return false;
  if (!patience_ends_) {
    patience_ends_ = seconds_now() + kPatience;
    (void)gate_.pass([this]() -> Status {
      sink_(report_of("stop", 0, "stopping: saving if the stage can be saved now"));
      return {};
    });
  }
  if (seconds_now() <= *patience_ends_) return false;
  why = fail(Errc::kInterrupted, "stopped");
  return true;
}

// Until the story is finished; `told` stays valid when the session ends before that. No exception
// may leave it while the story uses what lies below.
Status StorySession::wait_for(std::future<Status>& told) noexcept {
  Status why;
  Watched watched{pool_, {}, std::move(executors_ended_)};
  // Asked for the first time when the port is open and the workers are started.
  watched.ended = [&](std::chrono::milliseconds patience) {
    directory_.begin();
    return is_over(told, patience, why);
  };
  auto watching = watch(options_, options_.restart, network_, watched);
  if (watching && told.wait_for(0ms) == std::future_status::ready) return told.get();
  if (watching) watching = why;
  gate_.close();
  exchange_->close(watching.error());
  *ended_ = true;
  // A story that waits for a result ends by itself now.
  if (told.wait_for(100ms) == std::future_status::ready) (void)told.get();
  return watching;
}

Status StorySession::read_step_labels(const Environment& environment) {
  const auto& config = options_.config;
  if (!config.stages.verifiers || config.verifiers.label_file.empty()) return {};
  auto labels = labels_of_people<RatedWork>(config.verifiers.label_file, qstar::read_step_labels,
                                            environment, options_);
  if (!labels) return tl::unexpected(labels.error());
  step_labels_ = std::move(*labels);
  return {};
}

Status StorySession::show(const StageProgress& progress) {
  return gate_.pass([&]() -> Status {
    sink_(progress_.report(progress, seconds_now()));
    if (!stopped()) return {};
    return fail(Errc::kInterrupted, "stopped");
  });
}

StoryHost StorySession::host() {
  StoryHost host;
  host.engine = std::make_shared<EngineClient>(
      pool_, exchange_, [this](const std::shared_ptr<const std::string>& bytes) {
        return archive_->write(
            [shelf = shelf_, bytes] { return shelf->put(*bytes).map([](const Sha256&) {}); });
      });
  host.annotator = annotator_;
  host.step_labels = step_labels_;
  host.model_number = [this](const ModelHash& model, std::string_view role, std::string_view label,
                             std::uint64_t version) {
    return archive_->model_number(model, role, label, version);
  };
  host.keep = [this](std::span<const AttemptGroup> groups) { return archive_->insert(groups); };
  host.show = [this](const StageProgress& progress) { return show(progress); };
  host.load = [this](std::string_view label) {
    Result<StoryFiles::Parts> parts;
    if (auto flushed = archive_->flush(); !flushed) return parts = tl::unexpected(flushed.error());
    const auto passed = gate_.pass([&]() -> Status {
      parts = files_->load(label);
      return {};
    });
    if (!passed) parts = tl::unexpected(passed.error());
    return parts;
  };
  host.save = [this](std::string_view label, const auto& parts, bool at_once) {
    return save(label, parts, at_once);
  };
  host.keep_failed = [this](std::string_view label, std::string_view json) {
    Result<std::string> file;
    const auto passed = gate_.pass([&]() -> Status {
      file = directory_.keep_batch(label, json);
      return {};
    });
    if (!passed) file = tl::unexpected(passed.error());
    return file;
  };
  return host;
}

// The stage goes on while its save is written, behind the attempts that it counts.
Status StorySession::save(std::string_view label, const std::function<StoryFiles::Parts()>& parts,
                          bool at_once) {
  if (!files_->is_time_to_save(seconds_now()) && !at_once) return {};
  auto written = archive_->write(
      [this, name = std::string(label), saved = parts()] { return write_save(name, saved); });
  return at_once ? archive_->flush() : written;
}

Status StorySession::write_save(const std::string& label, const StoryFiles::Parts& parts) {
  return gate_.pass([&]() -> Status {
    const auto serial = files_->save(label, parts);
    if (!serial) return tl::unexpected(serial.error());
    directory_.append({"checkpoint", *serial, {}});
    directory_.guard("checkpoints");
    return {};
  });
}

void StorySession::end_actors() {
  *ended_ = true;
  end_all(pool_->home_system(), {caf::actor_cast<caf::actor>(pool_), executors_, archive_->actor(),
                                 caf::actor_cast<caf::actor>(metrics_)});
}

}  // namespace qstar

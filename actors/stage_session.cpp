#include "actors/stage_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "actors/actors.hpp"
#include "actors/process/session_start.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "core/out_of_memory.hpp"

namespace qstar::actors {
namespace {

using namespace std::chrono_literals;

constexpr double kPatience = 1.5;  // seconds for the next point where a stage saves

// An exception of a library would end the process: it is an error of this session.
Status run_safely(const StageSession::Stages& stages, const experiment::StageHost& host) {
  try {
    return stages(host);
  } catch (const std::exception& e) {
    if (const auto lack = lack_of(std::current_exception()); !lack.empty())
      return fail(Errc::kIo, std::string(lack));
    return fail(Errc::kActorFailed, e.what());
  }
}

}  // namespace

StageSession::StageSession(const ProcessOptions& options, SessionConfig config,
                           RunDirectory& directory, serving::Gateway* gateway)
    : options_(options),
      config_(std::move(config)),
      directory_(directory),
      sink_(sink_of(options, directory, gateway)) {}

Status StageSession::run(const std::shared_ptr<StageSession>& session, Stages stages) {
  std::promise<Status> promise;
  auto ended = promise.get_future();
  // It keeps the session alive for as long as it runs.
  std::thread thread([session, stages = std::move(stages), promise = std::move(promise)]() mutable {
    const experiment::StageHost host = session->host();
    promise.set_value(run_safely(stages, host));
  });
  auto status = session->wait_for(ended);
  if (ended.valid()) {
    thread.detach();
  } else {
    thread.join();
    session->end_actors();
  }
  return status;
}

Status StageSession::prepare() {
  auto files = StageFiles::open(directory_, config_.checkpoint);
  if (!files) return tl::unexpected(files.error());
  files_.emplace(std::move(*files));
  if (options_.resume && files_->fresh())
    show_line(options_, "resume",
              "the run was stopped before its first checkpoint: starting from the beginning");
  auto shelf = persistence::Shelf::open(directory_.file("weights"),
                                        {.keep_below_bytes = config_.keep_weights_mb << 20});
  if (!shelf) return tl::unexpected(shelf.error());
  shelf_ = std::make_shared<persistence::Shelf>(std::move(*shelf));
  auto store = persistence::Store::open(directory_.file("store"), persistence::Store::Mode::kWrite,
                                        {.sync = config_.sync_store});
  if (!store) return tl::unexpected(store.error());
  for (const auto* name : {"store", "store/CURRENT", "checkpoints", "stages", "models"})
    directory_.guard(name);
  auto network = plan_network(options_, directory_);
  if (!network) return tl::unexpected(network.error());
  network_ = std::move(*network);
  return spawn_actors(immortal_system(network_.tls),
                      std::make_shared<persistence::Store>(std::move(*store)));
}

Status StageSession::spawn_actors(caf::actor_system& system,
                                  std::shared_ptr<persistence::Store> store) {
  auto archive = Archive::make(system, std::move(store), config_.most_groups);
  if (!archive) return tl::unexpected(archive.error());
  archive_.emplace(std::move(*archive));
  trainers_.emplace(system);
  metrics_ = spawn_metrics(system, sink_);
  pool_ = spawn_pool(system, metrics_, options_.stop, print_config(describe_of(config_.node)),
                     config_.lease_seconds, exchange_);
  ExecutorsOptions how{
      "head",
      config_.node,
      config_.environment,
      [exchange = exchange_](const experiment::ModelHash& hash) {
        return exchange->models().model(hash).map([](const auto& bytes) { return *bytes; });
      },
      nullptr,
      Stop([ended = ended_] { return ended->load(); })};
  auto promise = std::make_shared<std::promise<Status>>();
  executors_ended_ = promise->get_future();
  executors_ = spawn_executors(system, how, pool_,
                               [promise](const Status& why) { promise->set_value(why); });
  return {};
}

Status StageSession::finish_stage(const std::function<Status(StageFiles& files)>& write) {
  if (auto flushed = archive_->flush(); !flushed) return flushed;
  return gate_.pass([&]() -> Status {
    if (auto written = write(*files_); !written) return written;
    directory_.append({"stage", files_->finished().size(), {}});
    for (const auto* name : {"stages", "models"}) directory_.guard(name);
    return {};
  });
}

// Whether the session has come to an end: the stages have, the directory is gone, or the run was
// stopped and the stage has had its time to save. `why`: the error when the stages have not ended.
bool StageSession::is_over(std::future<Status>& ended, std::chrono::milliseconds patience,
                           Status& why) {
  const bool over = ended.wait_for(std::min(patience, 50ms)) == std::future_status::ready;
  if (stopped() && !patience_ends_) {
    patience_ends_ = seconds_now() + kPatience;
    exchange_->close({Errc::kInterrupted, "stopped"});  // a stage that waits need not any more
    (void)gate_.pass([this]() -> Status {
      sink_(update_of("stop", 0, "stopping: saving if the stage can be saved now"));
      return {};
    });
  }
  if (over) {
    caf::anon_send(pool_, EndTasks{});  // workers end by themselves
    return true;
  }
  why = directory_.intact();
  if (!why) return true;
  if (!stopped() || seconds_now() <= *patience_ends_) return false;
  why = fail(Errc::kInterrupted, "stopped");
  return true;
}

// Until the stages have ended; `ended` stays valid when the session ends before that. No exception
// may leave it while the stages use what lies below.
Status StageSession::wait_for(std::future<Status>& ended) noexcept {
  Status why;
  Watched watched{pool_, {}, std::move(executors_ended_)};
  // Asked for the first time when the port is open and the workers are started.
  watched.ended = [&](std::chrono::milliseconds patience) {
    directory_.begin();
    return is_over(ended, patience, why);
  };
  auto watching = watch(options_, config_.node.restart, network_, watched);
  if (watching && ended.wait_for(0ms) == std::future_status::ready) return ended.get();
  if (watching) watching = why;
  gate_.close();
  exchange_->close(watching.error());
  *ended_ = true;
  // The stage ends by itself now, as soon as it looks. After a failure the next session needs what
  // this one holds; after an interruption there is none.
  const bool interrupted = watching.error().code == Errc::kInterrupted;
  if (ended.wait_for(interrupted ? 100ms : 20s) == std::future_status::ready) (void)ended.get();
  return watching;
}

Status StageSession::show(const experiment::StageProgress& progress) {
  return gate_.pass([&]() -> Status {
    sink_(display_.update(progress, exchange_->occupancy(), seconds_now()));
    if (!stopped()) return {};
    return fail(Errc::kInterrupted, "stopped");
  });
}

Result<experiment::SavedParts> StageSession::load(std::string_view label) {
  if (auto flushed = archive_->flush(); !flushed) return tl::unexpected(flushed.error());
  experiment::SavedParts parts;
  const auto passed = gate_.pass([&]() -> Status {
    auto loaded = files_->load(label);
    if (!loaded) return tl::unexpected(loaded.error());
    for (const auto& warning : loaded->warnings)
      show_line(options_, "checkpoint", "warning: " + warning);
    if (options_.resume && loaded->serial > 0)
      show_line(options_, "resume",
                fmt::format("resuming from checkpoint {} of {}", loaded->serial, label));
    parts = std::move(loaded->parts);
    return {};
  });
  if (!passed) return tl::unexpected(passed.error());
  return parts;
}

Result<std::string> StageSession::keep_failed(std::string_view label, std::string_view json) {
  std::string file;
  const auto passed = gate_.pass([&] {
    return directory_.keep_batch(label, json).map([&](std::string&& path) {
      file = std::move(path);
    });
  });
  if (!passed) return tl::unexpected(passed.error());
  return file;
}

experiment::StageHost StageSession::host() {
  experiment::StageHost host;
  host.engine = std::make_shared<EngineClient>(
      pool_, exchange_, [this](const std::shared_ptr<const std::string>& bytes) {
        return archive_->write(
            [shelf = shelf_, bytes] { return shelf->put(*bytes).map([](const Sha256&) {}); });
      });
  host.stop = Stop([stop = options_.stop, ended = ended_] { return ended->load() || stop(); });
  host.stored = [this](std::uint64_t group) { return archive_->stored(group); };
  host.beside = [this](const std::string& trainer, std::function<Status()> work) {
    return trainers_->run(trainer, std::move(work));
  };
  host.model_number = [this](const experiment::ModelHash& model, std::string_view role,
                             std::string_view label, std::uint64_t version) {
    return archive_->model_number(model, role, label, version);
  };
  host.keep = [this](std::string packed) { return archive_->insert(std::move(packed)); };
  host.show = [this](const experiment::StageProgress& progress) { return show(progress); };
  host.load = [this](std::string_view label) { return load(label); };
  host.save = [this](std::string_view label, const auto& parts, bool at_once) {
    return save(label, parts, at_once);
  };
  host.keep_failed = [this](std::string_view label, std::string_view json) {
    return keep_failed(label, json);
  };
  return host;
}

// The stage goes on while its save is written, behind the attempts that it counts.
Status StageSession::save(std::string_view label,
                          const std::function<experiment::SavedParts()>& parts, bool at_once) {
  if (!files_->is_time_to_save(seconds_now()) && !at_once) return {};
  auto written = archive_->write(
      [this, name = std::string(label), saved = parts()] { return write_save(name, saved); });
  if (written) written = archive_->evict();
  return at_once ? archive_->flush() : written;
}

Status StageSession::write_save(const std::string& label, const experiment::SavedParts& parts) {
  return gate_.pass([&]() -> Status {
    if (auto there = directory_.intact(); !there) return there;
    const double began = seconds_now();
    const auto serial = files_->save(label, parts);
    if (!serial) return tl::unexpected(serial.error());
    log(LogLevel::kInfo, "head", "checkpoint written",
        {{"label", label}, {"serial", *serial}, {"seconds", seconds_now() - began}});
    directory_.append({"checkpoint", *serial, {}});
    directory_.guard("checkpoints");
    return {};
  });
}

void StageSession::end_actors() {
  *ended_ = true;
  auto actors = trainers_->actors();
  actors.insert(actors.end(), {caf::actor_cast<caf::actor>(pool_), executors_, archive_->actor(),
                               caf::actor_cast<caf::actor>(metrics_)});
  end_all(pool_->home_system(), actors);
}

}  // namespace qstar::actors

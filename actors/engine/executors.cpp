#include "actors/engine/executors.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actors/ask_in_turns.hpp"
#include "actors/engine/cached_models.hpp"
#include "actors/process/supervisor.hpp"

namespace qstar::actors {
namespace {

// Executors give way to the learner: it is what a run waits for, and all else can be done
// elsewhere.
constexpr int kNiceness = 10;

void give_way() {
  // Of this thread alone. Without the permission it stays as it is.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNiceness);
}

// Fetches a model from the head, piece by piece. Blocks the calling thread.
Result<std::string> fetch_from(caf::actor_system& system, const TaskSourceActor& source,
                               const experiment::ModelHash& hash) {
  caf::scoped_actor self{system};
  std::string bytes;
  std::uint64_t total = 1;
  Status status;
  while (status && bytes.size() < total) {
    self->request(source, kEventually, ModelRequest{hash, bytes.size()})
        .receive(
            [&](ModelPiece& piece) {
              total = piece.total;
              bytes += piece.bytes;
              if (piece.bytes.empty()) status = fail(Errc::kNetwork, "a piece of a model is empty");
            },
            [&](const caf::error& error) { status = tl::unexpected(error_of(error)); });
  }
  if (!status) return tl::unexpected(status.error());
  return bytes;
}

struct ExecutorState {
  ExecutorActor::pointer self = nullptr;
  std::string node;
  TaskSourceActor source;
  std::unique_ptr<experiment::Executor> executor;
  bool gave_way = false;

  void ask() {
    ask_in_turns(
        self, source, TaskRequest{node}, [this](const TaskLease& lease) { work(lease); },
        [this](const caf::error& error) { self->quit(error); });
  }

  void work(const TaskLease& lease) {
    if (lease.bytes.empty()) return self->quit();
    if (!std::exchange(gave_way, true)) give_way();
    self->send(source, execute(lease));
    ask();
  }

  TaskFinished execute(const TaskLease& lease) const {
    const auto task = experiment::decode_task(lease.bytes);
    const auto result = task ? executor->run(*task) : tl::unexpected(task.error());
    if (result) return {lease.task, {}, {}, experiment::encode(*result)};
    return {lease.task, std::string(to_string(result.error().code)), result.error().message, {}};
  }
};

ExecutorActor::behavior_type executor_behavior(ExecutorActor::stateful_pointer<ExecutorState> self,
                                               const std::string& node, const TaskSourceActor& source,
                                               const std::shared_ptr<experiment::Executor>& executor) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.node = node;
  state.source = source;
  state.executor = std::make_unique<experiment::Executor>(std::move(*executor));
  self->send(self, caf::tick_atom::value);
  return {[&state](caf::tick_atom) { state.ask(); }};
}

}  // namespace

void NodeConfig::describe(FieldVisitor& v) {
  v.value({"name", "Name of the experiment"}, name);
  v.value({"executors", "Executors per process", 1, 256}, executors);
  v.value({"slots", "Sequences that an executor generates at once", 1, 65536}, slots);
  section(v, "environment", "Problems", environment);
  section(v, "restart", "Restarts of failed actors", restart);
}

caf::actor spawn_executors(caf::actor_system& system, const ExecutorsOptions& options,
                           const TaskSourceActor& source,
                           std::function<void(const Status&)> ended) {
  experiment::FetchModel fetch = options.fetch;
  if (!fetch)
    fetch = [&system, source](const experiment::ModelHash& hash) {
      return fetch_from(system, source, hash);
    };
  if (options.cache) fetch = cached(std::move(fetch), options.cache);
  const auto models = std::make_shared<experiment::ModelCache>(std::move(fetch));
  const auto start = [options, source, models](caf::actor_system& home) {
    std::vector<caf::actor> executors;
    for (std::int64_t i = 0; i < options.config.executors; ++i) {
      const experiment::ExecutorOptions how{static_cast<std::int32_t>(options.config.slots),
                                            options.stop};
      auto executor = std::make_shared<experiment::Executor>(options.environment, models, how);
      executors.push_back(caf::actor_cast<caf::actor>(
          home.spawn<caf::detached>(executor_behavior, options.node, source, std::move(executor))));
    }
    return executors;
  };
  return spawn_supervisor(system, {options.config.restart, start, std::move(ended)},
                          caf::actor_cast<caf::actor>(source));
}

}  // namespace qstar::actors

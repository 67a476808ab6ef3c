#include "actors/process/worker.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <future>
#include <optional>
#include <thread>

#include "actors/engine/executors.hpp"
#include "actors/process/presence.hpp"
#include "actors/process/roster.hpp"
#include "actors/process/system.hpp"
#include "core/printable.hpp"
#include "core/sockets.hpp"

namespace qstar::actors {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLook{50};  // between two looks at `stop`

// Called once; an error says why it was no regular end.
using Ended = std::function<void(const Status&)>;

tl::unexpected<Error> stopped(const WorkerOptions& options) {
  return fail(Errc::kInterrupted,
              fmt::format("worker {} stopped; its leases go back to the head", options.name));
}

// Nothing when it is to stop first.
template <class T>
std::optional<T> wait_for(std::future<T> future, const WorkerOptions& options) {
  while (future.wait_for(kLook) != std::future_status::ready) {
    if (options.stop()) return std::nullopt;
  }
  return future.get();
}

constexpr const char* kSource = "the head's configuration";

// What works, and for what.
struct Job {
  caf::actor node;
  std::string experiment;
};

// Null for a puzzle that is no text: its tasks name it themselves.
Result<EnvironmentPtr> environment_of(const environment::EnvironmentConfig& config) {
  if (!environment::is_text(config.name)) return EnvironmentPtr();
  auto made = environment::make_environment(config);
  if (!made) return tl::unexpected(made.error());
  return EnvironmentPtr(std::move(*made));
}

Result<std::shared_ptr<persistence::Shelf>> cache_of(const WorkerOptions& options) {
  if (options.cache.empty() || options.cache_mb == 0) return std::shared_ptr<persistence::Shelf>();
  auto shelf = persistence::Shelf::open(options.cache, {.most_bytes = options.cache_mb << 20});
  if (!shelf && options.cache_is_needed) return tl::unexpected(shelf.error());
  if (!shelf) {
    log(LogLevel::kWarning, "worker", "works without a cache: " + shelf.error().message);
    return std::shared_ptr<persistence::Shelf>();
  }
  return std::make_shared<persistence::Shelf>(std::move(*shelf));
}

Result<Job> work_on_tasks(caf::actor_system& system, const WorkerOptions& options,
                          const std::string& toml, const JoinActor& head, Ended ended) {
  NodeConfig config;
  if (auto parsed = parse_config(toml, kSource, {}, describe_of(config)); !parsed)
    return tl::unexpected(parsed.error());
  auto environment = environment_of(config.environment);
  if (!environment) return tl::unexpected(environment.error());
  auto cache = cache_of(options);
  if (!cache) return tl::unexpected(cache.error());
  const ExecutorsOptions how{options.name, config, std::move(*environment),
                             {},           *cache, options.stop};
  return Job{spawn_executors(system, how, caf::actor_cast<TaskSourceActor>(head), std::move(ended)),
             config.name};
}

Result<Job> work_on(const Welcome& welcome, caf::actor_system& system, const WorkerOptions& options,
                    const JoinActor& head, Ended ended) {
  if (welcome.kind == kTasks)
    return work_on_tasks(system, options, welcome.config, head, std::move(ended));
  return fail(Errc::kSchema, fmt::format("the head runs an experiment of a kind that this version "
                                         "does not know ({}): use the same version of qstar",
                                         shown_name(welcome.kind)));
}

// Joins a head and works for it.
class Worker {
 public:
  Worker(caf::actor_system& system, const WorkerOptions& options, HostPort head)
      : system_(system), options_(options), head_(std::move(head)), name_(print(head_)) {}

  // While the head is away, for as long as it may be.
  Status run() {
    Status lost;
    Clock::time_point until;
    for (;;) {
      bool joined = false;
      auto ended = work_once(joined);
      // One that does not answer, though it can be reached, is busy coming back.
      const bool away = !ended && (ended.error().code == Errc::kNetwork ||
                                   (!lost && ended.error().code == Errc::kTimeout));
      if (!away || (!joined && lost)) return ended;
      if (joined) {
        lost = ended;
        until = Clock::now() + std::chrono::milliseconds(std::llround(options_.rejoin * 1e3));
        if (options_.rejoin > 0)
          say("lost the head at {}: {}; trying to join it again for {:g} s", name_,
              ended.error().message, options_.rejoin);
      }
      const auto back = await_head(until);
      if (!back) return options_.stop() ? back : gave_up(lost.error());
    }
  }

 private:
  template <class... Parts>
  void say(fmt::format_string<Parts...> format, Parts&&... parts) const {
    const auto event = fmt::format(format, std::forward<Parts>(parts)...);
    log(LogLevel::kInfo, "worker", event);
    if (options_.say) options_.say(fmt::format("worker {} {}", options_.name, event));
  }

  tl::unexpected<Error> gave_up(const Error& lost) const {
    if (options_.rejoin == 0) return fail(lost.code, lost.message);
    return fail(lost.code, fmt::format("{}; the head at {} did not come back within {:g} s",
                                       lost.message, name_, options_.rejoin));
  }

  // A second; false when it is to stop.
  bool rest() const {
    const auto until = Clock::now() + std::chrono::seconds(1);
    while (Clock::now() < until && !options_.stop()) std::this_thread::sleep_for(kLook);
    return !options_.stop();
  }

  // Until its port is open; not for longer than `until`, nor when it is to stop.
  Status await_head(Clock::time_point until) const {
    while (Clock::now() < until && rest()) {
      const auto open = on_a_thread<Result<HostPort>>(
          [head = head_] { return try_connect(head, std::chrono::seconds(5)); });
      if (!open) break;
      // The head has to forget that connection first, see try_connect().
      if (*open && rest()) return {};
    }
    return stopped(options_);
  }

  // What a peer that hangs may hold up for a while; nothing when it is to stop first.
  template <class T, class Function>
  std::optional<T> on_a_thread(Function function) const {
    auto promise = std::make_shared<std::promise<T>>();
    auto future = promise->get_future();
    std::thread([promise, function = std::move(function)] {
      promise->set_value(function());
    }).detach();
    return wait_for(std::move(future), options_);
  }

  // Joins and works; how that ended. `joined`: whether there was a head.
  Status work_once(bool& joined) {
    const auto head = on_a_thread<Result<JoinActor>>(
        [&system = system_, head = head_] { return connect(system, head.host, head.port); });
    if (!head) return stopped(options_);
    if (!*head) return tl::unexpected(head->error());
    auto answer = std::make_shared<std::promise<Result<Welcome>>>();
    auto future = answer->get_future();
    const auto presence = spawn_presence(system_, **head, options_.name, std::move(answer));
    const auto welcome = wait_for(std::move(future), options_);
    Status ended = welcome ? Status{} : stopped(options_);
    if (welcome && !*welcome) ended = tl::unexpected(welcome->error());
    joined = ended.has_value();
    if (joined) ended = work_for(**head, **welcome);
    leave(system_, presence, departure(ended));
    return ended;
  }

  Status work_for(const JoinActor& head, const Welcome& welcome) {
    auto ended = std::make_shared<std::promise<Status>>();
    auto reason = ended->get_future();
    // An actor lives as long as somebody holds it; those who monitor it do not.
    const auto job = work_on(welcome, system_, options_, head,
                             [ended](const Status& why) { ended->set_value(why); });
    if (!job) return fail(job.error().code, printable(job.error().message));
    say("joined the head at {}: experiment {}", name_, shown_name(job->experiment));
    const auto end = wait_for(std::move(reason), options_);
    if (!end) return stopped(options_);
    if (*end) say("ended: the head at {} has no more work for it", name_);
    return *end;
  }

  // The reason that the head receives.
  static caf::error departure(const Status& ended) {
    if (ended) return {};
    if (ended.error().code == Errc::kInterrupted) return caf::exit_reason::user_shutdown;
    return to_caf(ended.error());
  }

  caf::actor_system& system_;
  const WorkerOptions& options_;
  HostPort head_;
  std::string name_;  // of the head
};

// The names on the command line; an error says which option has the wrong one.
Status check_names(const WorkerOptions& options) {
  for (const auto& [option, name] : {std::pair{"--name", &options.name}, {"--node", &options.node}})
    if (auto valid = check_node_name(*name); !valid)
      return fail(valid.error().code, fmt::format("{}: {}", option, valid.error().message));
  return {};
}

}  // namespace

Status run_worker(const WorkerOptions& options) {
  if (options.parent > 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != options.parent)
      return fail(Errc::kNetwork, "the head that started this worker has ended");
  }
  if (auto valid = check_names(options); !valid) return valid;
  auto head = parse_host_port(options.address, AddressUse::kConnect);
  if (!head) return fail(Errc::kUsage, "--connect: " + head.error().message);
  const auto tls = find_certificates(options.certificates, options.node);
  if (!tls) return tl::unexpected(tls.error());
  if (auto opened =
          open_log({options.name, options.log_file, options.log_level, options.log_terminal});
      !opened)
    return opened;
  return Worker(immortal_system(*tls), options, std::move(*head)).run();
}

}  // namespace qstar::actors

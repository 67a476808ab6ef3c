#include "actors/worker.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <future>
#include <thread>

#include "actors/node.hpp"
#include "actors/puzzle_actors.hpp"
#include "actors/system.hpp"

namespace qstar {
namespace {

// Called once; an error says why it was no regular end.
using Ended = std::function<void(const Status&)>;

Result<Welcome> join(caf::actor_system& system, const JoinActor& head, const std::string& name) {
  caf::scoped_actor self{system};
  Result<Welcome> answer = fail(Errc::kTimeout, "the head did not answer within a minute");
  self->request(head, kPromptly, Join{name})
      .receive([&](const Welcome& welcome) { answer = welcome; },
               [&](const caf::error& error) {
                 answer = fail(Errc::kNetwork, "the head refused: " + error_of(error).message);
               });
  return answer;
}

constexpr const char* kSource = "the head's configuration";

Result<caf::actor> work_on_text(caf::actor_system& system, const std::string& name,
                                const std::string& toml, const JoinActor& head, Ended ended) {
  ExperimentConfig config;
  if (auto parsed = parse_config(toml, kSource, {}, describe_of(config)); !parsed)
    return tl::unexpected(parsed.error());
  auto environment = make_environment(config.environment);
  if (!environment) return tl::unexpected(environment.error());
  return spawn_node(system, {name, config, std::move(*environment), false},
                    caf::actor_cast<CoordinatorActor>(head), std::move(ended));
}

Result<caf::actor> work_on_puzzle(caf::actor_system& system, const std::string& name,
                                  const std::string& toml, const JoinActor& head, Ended ended) {
  PuzzleExperiment config;
  if (auto parsed = parse_config(toml, kSource, {}, describe_of(config)); !parsed)
    return tl::unexpected(parsed.error());
  auto puzzle = make_puzzle(config.environment);
  if (!puzzle) return tl::unexpected(puzzle.error());
  return spawn_scramblers(system, {name, config, std::move(*puzzle)},
                          caf::actor_cast<PuzzleCoordinatorActor>(head), std::move(ended));
}

Result<caf::actor> work_on(const Welcome& welcome, caf::actor_system& system,
                           const std::string& name, const JoinActor& head, Ended ended) {
  if (welcome.experiment == kTextExperiment)
    return work_on_text(system, name, welcome.config, head, std::move(ended));
  if (welcome.experiment == kPuzzleExperiment)
    return work_on_puzzle(system, name, welcome.config, head, std::move(ended));
  return fail(Errc::kSchema, fmt::format("the head runs an experiment of a kind that this version "
                                         "does not know ({}): use the same version of qstar",
                                         welcome.experiment));
}

// Joins and works; how that ended. `joined`: whether there was a head.
Status work_once(caf::actor_system& system, const WorkerOptions& options, const HostPort& head_at,
                 bool& joined) {
  auto head = connect(system, head_at.host, head_at.port);
  if (!head) return tl::unexpected(head.error());
  const auto welcome = join(system, *head, options.name);
  if (!welcome) return tl::unexpected(welcome.error());
  joined = true;
  auto ended = std::make_shared<std::promise<Status>>();
  auto reason = ended->get_future();
  const auto end = [ended](const Status& why) { ended->set_value(why); };
  // An actor lives as long as somebody holds it; those who monitor it do not.
  const auto node = work_on(*welcome, system, options.name, *head, end);
  if (!node) return tl::unexpected(node.error());
  return reason.get();
}

// While the head is away, for as long as it may be.
Status work(caf::actor_system& system, const WorkerOptions& options, const HostPort& head_at) {
  using Clock = std::chrono::steady_clock;
  Status lost;
  Clock::time_point until;
  for (;;) {
    bool joined = false;
    auto ended = work_once(system, options, head_at, joined);
    // One that does not answer, though it can be reached, is busy coming back.
    const bool away = !ended && (ended.error().code == Errc::kNetwork ||
                                 (!lost && ended.error().code == Errc::kTimeout));
    if (!away || (!joined && lost)) return ended;
    if (joined) {
      lost = ended;
      until = Clock::now() + std::chrono::milliseconds(std::llround(options.rejoin * 1e3));
    }
    if (Clock::now() >= until) return lost;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

Status run_worker(const WorkerOptions& options) {
  if (options.parent > 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != options.parent)
      return fail(Errc::kNetwork, "the head that started this worker is gone");
  }
  const auto head_at = parse_host_port(options.address);
  if (!head_at) return tl::unexpected(head_at.error());
  const auto tls = find_certificates(options.certificates, options.node);
  if (!tls) return tl::unexpected(tls.error());
  return work(immortal_system(*tls), options, *head_at);
}

}  // namespace qstar

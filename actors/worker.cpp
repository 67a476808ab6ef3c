#include "actors/worker.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <future>

#include "actors/node.hpp"
#include "actors/system.hpp"

namespace qstar {
namespace {

Result<ExperimentConfig> ask_for_config(caf::actor_system& system, const CoordinatorActor& head,
                                        const std::string& name) {
  caf::scoped_actor self{system};
  Result<ExperimentConfig> answer = fail(Errc::kTimeout, "the head did not answer within a minute");
  self->request(head, kPromptly, Join{name})
      .receive(
          [&](const Welcome& welcome) {
            ExperimentConfig config;
            auto parsed =
                parse_config(welcome.config, "the head's configuration", {}, describe_of(config));
            answer = parsed ? Result<ExperimentConfig>(std::move(config))
                            : tl::unexpected(parsed.error());
          },
          [&](const caf::error& error) {
            answer = fail(Errc::kNetwork, "the head refused: " + error_of(error).message);
          });
  return answer;
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
  caf::actor_system& system = immortal_system(*tls);
  auto head = connect(system, head_at->host, head_at->port);
  if (!head) return tl::unexpected(head.error());
  auto config = ask_for_config(system, *head, options.name);
  if (!config) return tl::unexpected(config.error());
  auto environment = make_environment(config->environment);
  if (!environment) return tl::unexpected(environment.error());

  auto ended = std::make_shared<std::promise<Status>>();
  auto reason = ended->get_future();
  const EnvironmentPtr shared_environment = std::move(*environment);
  // An actor lives as long as somebody holds it; those who monitor it do not.
  const auto node = spawn_node(system, {options.name, *config, shared_environment, false}, *head,
                               [ended](const Status& why) { ended->set_value(why); });
  return reason.get();
}

}  // namespace qstar

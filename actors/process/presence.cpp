#include "actors/process/presence.hpp"

#include <caf/openssl/all.hpp>
#include <thread>

namespace qstar::actors {
namespace {

Error refusal(const caf::error& error) {
  if (error == caf::sec::request_timeout)
    return {Errc::kTimeout, "the head did not answer within a minute"};
  return {Errc::kNetwork, "the head refused: " + error_of(error).message};
}

caf::behavior presence(caf::event_based_actor* self, const JoinActor& head, const std::string& name,
                       const std::shared_ptr<std::promise<Result<Welcome>>>& welcome) {
  // Also without an error, which CAF would take for no reason to end.
  self->set_exit_handler([self](const caf::exit_msg& message) { self->quit(message.reason); });
  self->request(head, kPromptly, Join{name})
      .then([welcome](const Welcome& answer) { welcome->set_value(answer); },
            [welcome](const caf::error& error) {
              welcome->set_value(tl::unexpected(refusal(error)));
            });
  return {[](caf::unit_t) {}};
}

}  // namespace

caf::actor spawn_presence(caf::actor_system& system, const JoinActor& head, std::string name,
                          std::shared_ptr<std::promise<Result<Welcome>>> welcome) {
  return system.spawn(presence, head, std::move(name), std::move(welcome));
}

void leave(caf::actor_system& system, const caf::actor& presence, const caf::error& reason) {
  constexpr std::chrono::milliseconds kPatience{300};  // the head kills local workers after 900
  caf::scoped_actor self{system};
  self->monitor(presence);
  self->send_exit(presence, reason);
  self->receive([](const caf::down_msg&) {}, caf::after(kPatience) >> [] {});
  // CAF does not report when it has written: its broker gets this after the reason, and writes at
  // once.
  self->request(system.openssl_manager().actor_handle(), kPatience, caf::get_atom::value,
                system.node())
      .receive([](const caf::node_id&, const std::string&, std::uint16_t) {},
               [](const caf::error&) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

}  // namespace qstar::actors

// The actor system of a process: its messages, its threads, and TLS to other processes.
#pragma once

#include <caf/all.hpp>
#include <optional>
#include <string>
#include <vector>

#include "actors/interfaces.hpp"
#include "actors/process/certificates.hpp"
#include "core/host_port.hpp"

namespace qstar::actors {

class SystemConfig : public caf::actor_system_config {
 public:
  // With `tls` the process can publish and connect (mutual TLS only); without, it has no network.
  explicit SystemConfig(const std::optional<TlsPaths>& tls = std::nullopt);
};

// A system that is never destroyed: CAF 0.17 waits for ever for a detached actor whose last
// reference is in flight at shutdown. End the actors with end_all(), then the process with
// std::_Exit.
caf::actor_system& immortal_system(const std::optional<TlsPaths>& tls = std::nullopt);
// Ends the actors and waits until their states are gone (files closed), at most ten seconds.
void end_all(caf::actor_system& system, const std::vector<caf::actor>& actors);

// Publishes a run's coordinator for other processes at a numeric address (see resolve_listen());
// port 0 takes any free one. Gives the port. Errors as try_listen(). Only TLS, never plain text.
Result<std::uint16_t> publish(const JoinActor& coordinator, const std::string& address,
                              std::uint16_t port);
// Closes that port again, soon: nobody new can join.
void close_port(caf::actor_system& system, std::uint16_t port);
// Its Welcome says which kind of coordinator it is. kNetwork: not reachable (see try_connect()), or
// refused (a certificate of another CA, say); kTimeout: it accepts connections, and says nothing.
Result<JoinActor> connect(caf::actor_system& system, const std::string& host, std::uint16_t port);

}  // namespace qstar::actors

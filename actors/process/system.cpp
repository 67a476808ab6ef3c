#include "actors/process/system.hpp"

#include <fmt/format.h>

#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include "core/sockets.hpp"

namespace qstar::actors {
namespace {

constexpr std::chrono::seconds kHeartbeat{10}, kProbeTimeout{3};
// TLS and CAF's own; a peer that hangs would otherwise hold the caller up. Below CAF's heartbeat
// interval, at which it would close the connection without saying why.
constexpr std::chrono::seconds kHandshakeTimeout{9};

std::string not_a_head(const HostPort& address) {
  return fmt::format("cannot join {}: what runs there leads no run; is the address right?",
                     print(address));
}

std::string silent(const HostPort& address) {
  return fmt::format(
      "cannot join {}: it accepts connections but did not answer within {} s; is it the head of a "
      "run, and is that machine overloaded?",
      print(address), kHandshakeTimeout.count());
}

std::string refused(const HostPort& address) {
  return fmt::format(
      "cannot join {}: the secure connection was refused; are both certificates of the same CA and "
      "in date, and is it the head of a run?",
      print(address));
}

// More threads than a system starts at once: where they cannot be had this throws, while the system
// would crash in the destructor of what it has built (CAF 0.17.6).
void try_threads() {
  constexpr std::size_t kThreads = 12;
  std::promise<void> end;
  const auto ended = end.get_future().share();
  std::vector<std::thread> threads;
  const auto join = [&] {
    end.set_value();
    for (auto& thread : threads) thread.join();
  };
  try {
    while (threads.size() < kThreads) threads.emplace_back([ended] { ended.wait(); });
  } catch (...) {
    join();
    throw;
  }
  join();
}

}  // namespace

SystemConfig::SystemConfig(const std::optional<TlsPaths>& tls) {
  add_message_types<caf::id_block::qstar>();
  set("scheduler.max-threads", 2);
  set("logger.verbosity", caf::atom("quiet"));
  if (!tls) return;
  openssl_cafile = tls->ca;
  openssl_certificate = tls->certificate;
  openssl_key = tls->key;
  load<caf::io::middleman>();
  load<caf::openssl::manager>();
  // A frozen peer is noticed only by heartbeats, which CAF leaves off by default.
  set("middleman.heartbeat-interval", caf::timespan{kHeartbeat});
  set("middleman.connection-timeout", caf::timespan{std::chrono::seconds(30)});
}

caf::actor_system& immortal_system(const std::optional<TlsPaths>& tls) {
  try_threads();
  auto* config = new SystemConfig(tls);
  return *new caf::actor_system(*config);
}

void end_all(caf::actor_system& system, const std::vector<caf::actor>& actors) {
  caf::scoped_actor self{system};
  for (const auto& actor : actors) {
    self->monitor(actor);
    self->send_exit(actor, caf::exit_reason::user_shutdown);
  }
  bool patient = true;
  for (std::size_t gone = 0; gone < actors.size() && patient; ++gone) {
    self->receive([](const caf::down_msg&) {},
                  caf::after(std::chrono::seconds(10)) >> [&] { patient = false; });
  }
}

void close_port(caf::actor_system& system, std::uint16_t port) {
  // caf::openssl::unpublish does not compile in CAF 0.17.
  caf::anon_send(system.openssl_manager().actor_handle(), caf::close_atom::value, port);
}

Result<std::uint16_t> publish(const JoinActor& coordinator, const std::string& address,
                              std::uint16_t port) {
  const HostPort where{address, port};
  auto bound = caf::openssl::publish(coordinator, port, address.c_str(), true);
  if (bound) return *bound;
  if (auto free = try_listen(where); !free) return tl::unexpected(free.error());
  return fail(Errc::kBusy,
              fmt::format("cannot listen on {}: another process used it for a moment; try again",
                          print(where)));
}

Result<JoinActor> connect(caf::actor_system& system, const std::string& host, std::uint16_t port) {
  const HostPort head{host, port};
  Result<JoinActor> joined = fail(Errc::kTimeout, "");
  caf::scoped_actor self{system};
  self->request(system.openssl_manager().actor_handle(), kHandshakeTimeout,
                caf::connect_atom::value, host, port)
      .receive(
          [&](const caf::node_id&, const caf::strong_actor_ptr& found,
              const std::set<std::string>& interface) {
            caf::detail::type_list<JoinActor> wanted;
            if (found && system.assignable(interface, system.message_types(wanted)))
              joined = caf::actor_cast<JoinActor>(found);
            else
              joined = fail(Errc::kNetwork, not_a_head(head));
          },
          [&](const caf::error& error) {
            joined = error == caf::sec::request_timeout ? fail(Errc::kTimeout, silent(head))
                                                        : fail(Errc::kNetwork, refused(head));
          });
  if (joined) return joined;
  // Only now, since CAF does not report why: see try_connect() about connections in quick
  // succession.
  if (const auto reached = try_connect(head, kProbeTimeout); !reached)
    return fail(reached.error().code, "cannot join " + reached.error().message);
  return joined;
}

}  // namespace qstar::actors

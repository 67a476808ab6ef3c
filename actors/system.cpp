#include "actors/system.hpp"

#include <fmt/format.h>

#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>
#include <charconv>

namespace qstar {

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
  set("middleman.heartbeat-interval", caf::timespan{std::chrono::seconds(10)});
  set("middleman.connection-timeout", caf::timespan{std::chrono::seconds(30)});
}

caf::actor_system& immortal_system(const std::optional<TlsPaths>& tls) {
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
  auto bound = caf::openssl::publish(coordinator, port, address.c_str(), true);
  if (!bound) {
    return fail(Errc::kBusy,
                fmt::format("cannot listen on {}:{}: {}; choose another port or address", address,
                            port, caf::to_string(bound.error())));
  }
  return *bound;
}

Result<JoinActor> connect(caf::actor_system& system, const std::string& host, std::uint16_t port) {
  auto handle = caf::openssl::remote_actor<JoinActor>(system, host, port);
  if (!handle) {
    return fail(Errc::kNetwork,
                fmt::format("cannot join {}:{}: {}; is the head running, and are both certificates "
                            "of the same CA?",
                            host, port, caf::to_string(handle.error())));
  }
  return *handle;
}

Result<HostPort> parse_host_port(const std::string& text) {
  const auto colon = text.rfind(':');
  HostPort parsed;
  if (colon != std::string::npos && colon > 0) {
    parsed.host = text.substr(0, colon);
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + colon + 1, last, parsed.port);
    if (error == std::errc{} && end == last) return parsed;
  }
  return fail(Errc::kUsage, fmt::format("'{}' is not ADDRESS:PORT, as in 127.0.0.1:7000", text));
}

}  // namespace qstar

#include "actors/process/roster.hpp"

#include <fmt/format.h>

#include <caf/openssl/all.hpp>

#include "core/log.hpp"
#include "core/printable.hpp"

namespace qstar::actors {
namespace {

constexpr std::size_t kLongestShown = 64;
constexpr std::chrono::seconds kLookUp{5};

// How a worker that left explained itself.
std::string reason_of(const caf::error& reason) {
  if (!reason || reason == caf::exit_reason::normal) return "there is no more work";
  if (reason == caf::exit_reason::user_shutdown) return "it was stopped";
  if (reason == caf::exit_reason::remote_link_unreachable) return "the connection was lost";
  return error_of(reason).message;
}

// IPv4 peers of a socket for both appear as ::ffff:10.0.0.2.
std::string plain(const std::string& address) {
  constexpr std::string_view kMapped = "::ffff:";
  return address.starts_with(kMapped) ? address.substr(kMapped.size()) : address;
}

struct RosterState {
  RosterActor::pointer self = nullptr;
  MetricsActor metrics;
  Stop stop;
  bool ends = false;
  std::map<caf::actor_addr, std::string> present;
  std::uint64_t arrivals = 0;

  void arrived(const Arrival& arrival) {
    if (!arrival.presence) return;
    const auto address = caf::actor_cast<caf::actor_addr>(arrival.presence);
    if (!present.emplace(address, shown_name(arrival.node)).second) return;
    ++arrivals;
    // Looking up where it is comes first: a worker that is gone already is named all the same.
    if (arrival.presence->node() == self->node()) return announce(address, "");
    self->request(self->system().openssl_manager().actor_handle(), kLookUp, caf::get_atom::value,
                  arrival.presence->node())
        .then([this, address](const caf::node_id&, const std::string& host,
                              std::uint16_t) { announce(address, plain(host)); },
              [this, address](const caf::error&) { announce(address, ""); });
  }

  void announce(const caf::actor_addr& address, const std::string& host) {
    const std::string from = host.empty() ? "" : fmt::format(" ({})", host);
    say(present[address], fmt::format("joined{}", from));
    self->monitor(address);
  }

  void left(const caf::down_msg& message) {
    const auto it = present.find(message.source);
    if (it == present.end()) return;
    const std::string name = it->second;
    present.erase(it);
    const bool stops = ends || stop();
    if (stops && message.reason == caf::exit_reason::remote_link_unreachable) return;
    say(name, "left: " + reason_of(message.reason));
  }

  void say(const std::string& name, const std::string& event) {
    log(LogLevel::kInfo, "roster", "worker " + event, {{"node", name}});
    self->send(metrics,
               ProgressUpdate{
                   {kWorkersPhase, arrivals, {{"connected", static_cast<double>(present.size())}}},
                   fmt::format("worker {} {}", name, event)});
  }
};

RosterActor::behavior_type roster(RosterActor::stateful_pointer<RosterState> self,
                                  const MetricsActor& metrics, Stop stop) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.metrics = metrics;
  state.stop = std::move(stop);
  self->set_down_handler([&state](const caf::down_msg& message) { state.left(message); });
  return {[&state](const Arrival& arrival) { state.arrived(arrival); },
          [&state](SessionEnds) { state.ends = true; }};
}

}  // namespace

RosterActor spawn_roster(caf::local_actor& coordinator, const MetricsActor& metrics, Stop stop) {
  const auto spawned = coordinator.system().spawn(roster, metrics, std::move(stop));
  coordinator.link_to(spawned);
  return spawned;
}

std::string shown_name(const std::string& name) {
  // Cut before escaping, so that a long name costs little; an escape is several characters long.
  std::string shown = printable(name.substr(0, kLongestShown));
  if (name.size() <= kLongestShown && shown.size() <= kLongestShown) return shown;
  std::size_t end = std::min(shown.size(), kLongestShown - 3);
  while (end > 0 && (static_cast<unsigned char>(shown[end]) & 0xc0) == 0x80) --end;
  return shown.substr(0, end) + "...";
}

}  // namespace qstar::actors

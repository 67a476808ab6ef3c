// Workers are named when they join and when they leave, whatever they call themselves.
#include "actors/process/roster.hpp"

#include <future>
#include <mutex>

#include "actors/process/certificates.hpp"
#include "actors/process/presence.hpp"
#include "actors/process/system.hpp"
#include "core/clock.hpp"
#include "tests/support/attempts.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::actors;

namespace {

// What the roster reported, in order.
class Lines {
 public:
  void add(const ProgressUpdate& update) {
    const std::scoped_lock lock(mutex_);
    updates_.push_back(update);
    changed_.notify_all();
  }
  ProgressUpdate at(std::size_t index) {
    std::unique_lock lock(mutex_);
    REQUIRE(
        changed_.wait_for(lock, std::chrono::seconds(10), [&] { return updates_.size() > index; }));
    return updates_[index];
  }
  std::size_t size() {
    const std::scoped_lock lock(mutex_);
    return updates_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ProgressUpdate> updates_;
};

caf::behavior presence(caf::event_based_actor* self) {
  self->set_exit_handler([self](const caf::exit_msg& message) { self->quit(message.reason); });
  return {[](caf::unit_t) {}};
}

std::string said_of(const caf::error& reason) {
  auto& system = immortal_system();
  const auto lines = std::make_shared<Lines>();
  const auto metrics =
      spawn_metrics(system, [lines](const ProgressUpdate& update) { lines->add(update); });
  caf::scoped_actor coordinator{system};
  const auto roster = spawn_roster(*coordinator, metrics, {});
  const auto worker = system.spawn(presence);
  caf::anon_send(roster, Arrival{"gpu1", caf::actor_cast<caf::strong_actor_ptr>(worker)});
  CHECK(lines->at(0).line == "worker gpu1 joined");
  CHECK(lines->at(0).row == MetricsRow{kWorkersPhase, 1, {{"connected", 1}}});
  coordinator->send_exit(worker, reason);
  CHECK(lines->at(1).row == MetricsRow{kWorkersPhase, 1, {{"connected", 0}}});
  return lines->at(1).line;
}

}  // namespace

TEST_CASE("a worker that leaves is named, with the reason", "[roster]") {
  CHECK(said_of({}) == "worker gpu1 left: there is no more work");
  CHECK(said_of(caf::exit_reason::user_shutdown) == "worker gpu1 left: it was stopped");
  CHECK(said_of(caf::exit_reason::remote_link_unreachable) ==
        "worker gpu1 left: the connection was lost");
  CHECK(said_of(to_caf({Errc::kDiskFull, "no space left"})) == "worker gpu1 left: no space left");
  CHECK(said_of(to_caf({Errc::kDiskFull, "\x1b[2J\n"})) == "worker gpu1 left: \\x1b[2J\\n");
}

TEST_CASE("a head that stops its workers has not lost them", "[roster]") {
  auto& system = immortal_system();
  const auto lines = std::make_shared<Lines>();
  const auto metrics =
      spawn_metrics(system, [lines](const ProgressUpdate& update) { lines->add(update); });
  caf::scoped_actor coordinator{system};
  std::atomic<bool> stop{false};
  const auto roster = spawn_roster(*coordinator, metrics, stop);
  const auto killed = system.spawn(presence), stopped = system.spawn(presence);
  for (const auto& worker : {killed, stopped})
    caf::anon_send(roster, Arrival{"worker", caf::actor_cast<caf::strong_actor_ptr>(worker)});
  CHECK(lines->at(1).line == "worker worker joined");
  SECTION("on a signal") { stop = true; }
  SECTION("when the run is finished") { caf::anon_send(roster, SessionEnds{}); }
  coordinator->send_exit(killed, caf::exit_reason::remote_link_unreachable);
  coordinator->send_exit(stopped, caf::exit_reason::user_shutdown);
  CHECK(lines->at(2).line == "worker worker left: it was stopped");
}

TEST_CASE("a worker is counted once, and several share a name", "[roster]") {
  auto& system = immortal_system();
  const auto lines = std::make_shared<Lines>();
  const auto metrics =
      spawn_metrics(system, [lines](const ProgressUpdate& update) { lines->add(update); });
  caf::scoped_actor coordinator{system};
  const auto roster = spawn_roster(*coordinator, metrics, {});
  const auto one = system.spawn(presence), two = system.spawn(presence);
  for (const auto& worker : {one, one, two})
    caf::anon_send(roster, Arrival{"worker", caf::actor_cast<caf::strong_actor_ptr>(worker)});
  caf::anon_send(roster, Arrival{"nobody", nullptr});
  CHECK(lines->at(1).row == MetricsRow{kWorkersPhase, 2, {{"connected", 2}}});
  coordinator->send_exit(one, caf::exit_reason::user_shutdown);
  CHECK(lines->at(2).row == MetricsRow{kWorkersPhase, 2, {{"connected", 1}}});
  CHECK(lines->size() == 3);
  coordinator->send_exit(two, caf::exit_reason::user_shutdown);
}

TEST_CASE("the names of peers are safe to show, and short", "[roster]") {
  CHECK(shown_name("gpu1") == "gpu1");
  CHECK(shown_name("a\x1b[2Jb") == "a\\x1b[2Jb");
  CHECK(shown_name("a\nb") == "a\\nb");
  CHECK(shown_name(std::string(64, 'a')) == std::string(64, 'a'));
  CHECK(shown_name(std::string(65, 'a')) == std::string(61, 'a') + "...");
  CHECK(shown_name(std::string(1'000'000, '\n')).size() <= 64);
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "\xc3\xbc";
  const auto cut = shown_name(umlauts);
  CHECK(cut.size() <= 64);
  CHECK(cut.find("\\x") == std::string::npos);
}

TEST_CASE("a worker leaves in time for a head that waits 900 ms", "[roster]") {
  const TemporaryFolder folder;
  REQUIRE(make_certificates(folder.path("certs"), {}));
  const auto tls = find_certificates(folder.path("certs"), "head");
  REQUIRE(tls);
  auto& system = immortal_system(*tls);
  const auto busy = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    self->set_exit_handler([](const caf::exit_msg&) {});  // does not get round to ending
    return {[](caf::unit_t) {}};
  });
  const double began = seconds_now();
  leave(system, busy, caf::exit_reason::user_shutdown);
  CHECK(seconds_now() - began < 0.8);
  caf::anon_send_exit(busy, caf::exit_reason::kill);
}
